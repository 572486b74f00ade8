"""Stable Diffusion XL: the base model without its refiner."""

from __future__ import annotations

import torch

from studio.rendering.diffusion.batch import Batch
from studio.rendering.diffusion.engine import DiffusionEngine
from studio.rendering.diffusion.guidance import Guidance
from studio.rendering.diffusion.numerics import Precision
from studio.rendering.models.loading import Components


class SdxlEngine(DiffusionEngine):
    """As Stable Diffusion 1.5, with the pooled text and the picture's size as further conditions."""

    def __init__(self, parts: Components, device: torch.device, precision: Precision = "float32") -> None:
        if parts.unet.dtype == torch.float16 and getattr(parts.vae.config, "force_upcast", False):
            # SDXL's VAE overflows in float16; bfloat16 has float32's range at the same speed.
            parts.vae.to(torch.bfloat16)
        super().__init__(parts, device, precision)

    def _conditions(
        self, guidance: Guidance, frames: int, batch: Batch, positive_only: bool
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor] | None]:
        tokens, _ = super()._conditions(guidance, frames, batch, positive_only)
        size = [batch.height, batch.width, 0, 0, batch.height, batch.width]
        time_ids = torch.tensor([size], device=self.device, dtype=self.dtype).expand(tokens.shape[0], -1)
        pooled = guidance.pooled(frames, positive_only=positive_only).to(self.dtype)
        return tokens, {"text_embeds": pooled, "time_ids": time_ids}
