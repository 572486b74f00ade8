"""Where the trained model and the training cache lie."""

from __future__ import annotations

from pathlib import Path


def builtin_model_path() -> Path:
    """Folder of the trained model in diffusers format, ready for any Stable Diffusion loader."""
    return Path(__file__).resolve().parent / "weights"


def training_cache() -> Path:
    """Folder for pictures, latents and checkpoints; git ignores it. Created on first use."""
    path = Path(__file__).resolve().parents[2] / ".data" / "builtin_model"
    path.mkdir(parents=True, exist_ok=True)
    return path
