"""What the denoiser learns from: encoded pictures with their captions, cached on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from studio.builtin_model.location import training_cache
from training.captions import describe, describe_style
from training.dataset import LARGE_SEED, REPAINTED_SEED, SIZE, WIDE_SEED, pictures, scenes
from training.linear_start import LinearCode
from training.loop import load_average
from training.natural import natural_drawing
from training.networks import LATENT_CHANNELS, make_vae
from training.scenes import Scene, draw
from training.styles import STYLES, render, stylise
from training.train_vae import to_tensor

Latents = NDArray[np.float16]
"""(n, 8, h / 8, w / 8)."""

DRAWN = 24576
"""Pictures that ``pictures`` draws and keeps, of which the first are used."""
SQUARE, WIDE, LARGE = (SIZE, SIZE), (192, 320), (256, 448)
WIDE_COUNT, LARGE_COUNT, REPAINTED_COUNT, REPAINTED_WIDE_COUNT = 3072, 768, 6144, 1024
OBJECT_WEIGHT = 5.0
"""What an object's surroundings weigh more: it covers a twentieth of a picture and hardly counts otherwise."""


@dataclass(frozen=True)
class LatentSet:
    """``weights`` (n, h / 8, w / 8) of the error at each place, None if all are 1; ``share`` of the steps using it."""

    latents: Latents
    weights: NDArray[np.float16] | None
    caption: Callable[[int, np.random.Generator], str]
    batch: int
    share: float


def denoiser_sets(styled: int) -> list[LatentSet]:
    """Every set of the denoiser's training; a batch of any holds about as many latent positions.

    Scenes as squares, in the shape of a video frame, and in the largest size that is promised: trained on squares
    alone, larger frames repeat themselves. And photograph-like pictures repainted in every style, captioned with
    nothing but the style: without them the layout of a real frame is drawn towards sky above ground.
    """
    squares = scenes(styled)
    return [
        LatentSet(
            cached_latents(styled), _object_weights(f"weights-{styled}", squares, SQUARE), _describes(squares), 64, 0.55
        ),
        _scene_set("wide", scenes(WIDE_COUNT, seed=WIDE_SEED), WIDE, batch=16, share=0.12),
        _scene_set("large", scenes(LARGE_COUNT, seed=LARGE_SEED), LARGE, batch=8, share=0.08),
        _repainted_set("repainted", REPAINTED_COUNT, SQUARE, batch=64, share=0.15),
        _repainted_set("repainted-wide", REPAINTED_WIDE_COUNT, WIDE, batch=16, share=0.1),
    ]


def cached_latents(count: int) -> Latents:
    """(count, 8, 16, 16) latents of the first ``count`` drawn pictures; encoded on first use."""
    return _encoded(f"latents-{count}", count, SQUARE, lambda index: pictures(DRAWN)[index])


def repainted(index: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Photograph-like picture number ``index`` in the style of its turn: (height, width, 3) RGB."""
    drawing = natural_drawing(np.random.default_rng([REPAINTED_SEED, index]), *size)
    return stylise(drawing, STYLES[index % len(STYLES)], index)


def object_weight(scene: Scene, size: tuple[int, int]) -> NDArray[np.float16]:
    """1 everywhere, up to ``OBJECT_WEIGHT`` more on the object and one place around it: (h / 8, w / 8).

    An abstract pattern's accents are everywhere and don't count as objects.
    """
    height, width = size[0] // 8, size[1] // 8
    if scene.kind == "abstract":
        return np.ones((height, width), np.float16)
    mask = draw(scene, *size).mask("object").astype(np.float32)
    share = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
    return (1 + OBJECT_WEIGHT * cv2.dilate(share, np.ones((3, 3), np.uint8))).astype(np.float16)


def _scene_set(name: str, shown: list[Scene], size: tuple[int, int], *, batch: int, share: float) -> LatentSet:
    latents = _encoded(f"latents-{name}-{len(shown)}", len(shown), size, lambda index: render(shown[index], *size))
    weights = _object_weights(f"weights-{name}-{len(shown)}", shown, size)
    return LatentSet(latents, weights, _describes(shown), batch, share)


def _repainted_set(name: str, count: int, size: tuple[int, int], *, batch: int, share: float) -> LatentSet:
    latents = _encoded(f"latents-{name}-{count}", count, size, lambda index: repainted(index, size))
    return LatentSet(
        latents, None, lambda index, rng: describe_style(STYLES[index % len(STYLES)], rng).text, batch, share
    )


def _describes(shown: list[Scene]) -> Callable[[int, np.random.Generator], str]:
    return lambda index, rng: describe(shown[index], rng).text


def _object_weights(name: str, shown: list[Scene], size: tuple[int, int]) -> NDArray[np.float16]:
    """``object_weight`` of every scene, from the training cache if they are there: (n, h / 8, w / 8)."""
    path = training_cache() / f"{name}.npy"
    if not path.exists():
        _save(path, np.stack([object_weight(scene, size) for scene in tqdm(shown, desc=name, mininterval=5)]))
    return np.load(path)


@torch.no_grad()
def _encoded(name: str, count: int, size: tuple[int, int], picture: Callable[[int], NDArray[np.uint8]]) -> Latents:
    """Latents of ``picture(index)``, from the training cache if they are there.

    By the linear code, which the VAE's encoder equals within half a percent at a tenth of the cost.
    """
    path = training_cache() / f"{name}.npy"
    if not path.exists():
        code = LinearCode(make_vae())
        load_average("linear", code)
        code.to(memory_format=torch.channels_last)
        encoded = np.empty((count, LATENT_CHANNELS, size[0] // 8, size[1] // 8), np.float16)
        for start in tqdm(range(0, count, 32), desc=name, mininterval=5):
            batch = np.stack([picture(index) for index in range(start, min(start + 32, count))])
            encoded[start : start + len(batch)] = code.encode(to_tensor(batch)).numpy()
        _save(path, encoded)
    return np.load(path, mmap_mode="r")


def _save(path: Path, array: NDArray[np.float16]) -> None:
    part = path.with_suffix(".part.npy")
    np.save(part, array)
    part.replace(path)
