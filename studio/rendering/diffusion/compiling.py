"""When ``torch.compile`` pays, and what it makes: fused kernels replayed as CUDA graphs for one fixed shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from studio.rendering.diffusion.interface import Generation

if TYPE_CHECKING:
    from diffusers import AutoencoderKL, UNet2DConditionModel

COMPILE_SECONDS = 90.0
"""Cold compile of an SD 1.5 UNet and decoder [estimate]; an inductor cache makes later ones shorter."""
SAVED_SHARE = 0.3
"""Of the eager time (published: 3.31 s to 2.54 s for SDXL on an A100)."""
_TERAFLOP_PER_MEGAPIXEL_STEP = 5.2
"""SD 1.5 UNet with guidance: 2 forwards x 0.339 TMAC x 2 at 512x512, a quarter of a megapixel [published]."""
_TERAFLOPS = 200.0
"""Sustained by a large GPU in half precision [estimate]."""


@dataclass(frozen=True)
class Compiled:
    """Compiled counterparts of a model's parts."""

    unet: Callable[..., tuple[torch.Tensor, ...]]
    decode: Callable[..., tuple[torch.Tensor, ...]]


def worth_compiling(frames: int, steps: int, height: int, width: int) -> bool:
    """Whether a job saves more time than compiling costs. It depends on the job alone, so a resumed one decides the
    same.
    """
    eager = frames * steps * _TERAFLOP_PER_MEGAPIXEL_STEP * (height * width / 2**20) / _TERAFLOPS
    return eager * SAVED_SHARE > COMPILE_SECONDS


def wants_compiling(generation: Generation, device: torch.device, steps: int, height: int, width: int) -> bool:
    """The ``compile`` option: ``"always"``, or true for jobs that are long enough. CUDA only; not with attention
    swapped.
    """
    option = generation.options.compile
    if not option or device.type != "cuda" or generation.cross_frame_attention:
        return False
    return option == "always" or worth_compiling(generation.job_frames, steps, height, width)


def compile_parts(unet: UNet2DConditionModel, vae: AutoencoderKL) -> Compiled:
    """Compilation itself happens at the first call of each shape."""
    return Compiled(
        unet=torch.compile(unet, mode="reduce-overhead", dynamic=False),
        decode=torch.compile(vae.decode, mode="max-autotune-no-cudagraphs", dynamic=False),
    )
