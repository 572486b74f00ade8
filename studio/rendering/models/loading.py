"""Weights into memory: a diffusers folder or one ``.safetensors`` file, never a pickle and never the network."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderTiny,
    MotionAdapter,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer
from transformers.utils import logging as transformers_logging

from studio.rendering.errors import ModelError
from studio.rendering.models.inspection import MOTION_ADAPTER, Config, config_folder, read_json, variant_of

if TYPE_CHECKING:
    from diffusers import ModelMixin
    from transformers import CLIPPreTrainedModel

TINY_DECODER = "vae_tiny"
"""Sub-folder of an AutoencoderTiny, used for drafts."""


@dataclass
class Components:
    """A model's parts, in evaluation mode."""

    unet: UNet2DConditionModel
    vae: AutoencoderKL | AutoencoderTiny
    text_encoders: tuple[CLIPTextModel | CLIPTextModelWithProjection, ...]
    tokenizers: tuple[CLIPTokenizer, ...]
    scheduler_config: Config
    index: Config = field(default_factory=dict)
    """The pipeline's ``model_index.json``."""
    motion_adapter: MotionAdapter | None = None

    def modules(self) -> tuple[torch.nn.Module, ...]:
        return (
            self.unet,
            self.vae,
            *self.text_encoders,
            *([self.motion_adapter] if self.motion_adapter is not None else []),
        )

    @property
    def nbytes(self) -> int:
        """Bytes of all weights and buffers."""
        return sum(t.numel() * t.element_size() for m in self.modules() for t in (*m.parameters(), *m.buffers()))


def load_components(location: Path, *, dtype: torch.dtype, draft: bool = False) -> Components:
    """Read the model at ``location`` on the CPU in ``dtype``; ``draft`` takes its AutoencoderTiny where it has one.
    Raises ModelError.
    """
    transformers_logging.disable_progress_bar()
    try:
        parts = _from_folder(location, dtype) if location.is_dir() else _from_file(location, dtype)
        settings = location if location.is_dir() else config_folder(location)
        if draft and (settings / TINY_DECODER).is_dir():
            parts.vae = _load(AutoencoderTiny, settings / TINY_DECODER, dtype)
        if (settings / MOTION_ADAPTER).is_dir():
            parts.motion_adapter = _load(MotionAdapter, settings / MOTION_ADAPTER, dtype)
    except ModelError:
        raise
    except (OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
        raise ModelError("The model's files don't fit together: it can't be loaded.") from error
    for module in parts.modules():
        module.eval().requires_grad_(False)
    return parts


def _load(kind: type[ModelMixin], folder: Path, dtype: torch.dtype) -> ModelMixin:
    return kind.from_pretrained(
        folder, torch_dtype=dtype, use_safetensors=True, local_files_only=True, variant=variant_of(folder)
    )


def _load_text_encoder(kind: type[CLIPPreTrainedModel], folder: Path, dtype: torch.dtype) -> CLIPPreTrainedModel:
    return kind.from_pretrained(
        folder, dtype=dtype, use_safetensors=True, local_files_only=True, variant=variant_of(folder)
    )


def _from_folder(folder: Path, dtype: torch.dtype) -> Components:
    encoders = [_load_text_encoder(CLIPTextModel, folder / "text_encoder", dtype)]
    tokenizers = [CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)]
    if (folder / "text_encoder_2").is_dir():
        encoders.append(_load_text_encoder(CLIPTextModelWithProjection, folder / "text_encoder_2", dtype))
        tokenizers.append(CLIPTokenizer.from_pretrained(folder / "tokenizer_2", local_files_only=True))
    return Components(
        unet=_load(UNet2DConditionModel, folder / "unet", dtype),
        vae=_load(AutoencoderKL, folder / "vae", dtype),
        text_encoders=tuple(encoders),
        tokenizers=tuple(tokenizers),
        scheduler_config=read_json(folder / "scheduler" / "scheduler_config.json", "scheduler"),
        index=read_json(folder / "model_index.json", "model index"),
    )


def _from_file(file: Path, dtype: torch.dtype) -> Components:
    settings = config_folder(file)
    index = read_json(settings / "model_index.json", "model index")
    double = "text_encoder_2" in index
    kind = StableDiffusionXLPipeline if double else StableDiffusionPipeline
    extra = {} if double else {"safety_checker": None, "requires_safety_checker": False}
    pipeline = kind.from_single_file(file, config=str(settings), torch_dtype=dtype, local_files_only=True, **extra)
    names = ("", "_2") if double else ("",)
    return Components(
        unet=pipeline.unet,
        vae=pipeline.vae,
        text_encoders=tuple(getattr(pipeline, f"text_encoder{n}") for n in names),
        tokenizers=tuple(getattr(pipeline, f"tokenizer{n}") for n in names),
        scheduler_config=read_json(settings / "scheduler" / "scheduler_config.json", "scheduler"),
        index=index,
    )
