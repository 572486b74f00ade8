"""AnimateDiff video-to-video: Stable Diffusion 1.5 with motion modules that see all frames of a batch together."""

from __future__ import annotations

import torch
from diffusers import UNetMotionModel

from studio.rendering.diffusion.batch import Batch
from studio.rendering.diffusion.control import Residuals
from studio.rendering.diffusion.engine import DiffusionEngine
from studio.rendering.diffusion.noise import seeded_noise
from studio.rendering.diffusion.numerics import Precision
from studio.rendering.errors import ModelError, PlanError
from studio.rendering.models.loading import Components

_OVERLAP = 4
"""Source frames of the previous window that a window is shown again, so that motion carries across the seam."""


class AnimateDiffEngine(DiffusionEngine):
    """A batch is one window of a video: frames influence each other, so the batch size is part of the result."""

    context_frames = _OVERLAP

    def __init__(self, parts: Components, device: torch.device, precision: Precision = "float32") -> None:
        if parts.motion_adapter is None:
            raise ModelError("An animatediff model needs a motion_adapter folder.")
        self.window = int(parts.motion_adapter.config.motion_max_seq_length)
        self.longest_batch = max(1, self.window - self.context_frames)
        if not isinstance(parts.unet, UNetMotionModel):
            parts.unet = UNetMotionModel.from_unet2d(parts.unet, parts.motion_adapter).eval().requires_grad_(False)
            parts.motion_adapter = None
        super().__init__(parts, device, precision)

    def free_batch(self, height: int, width: int) -> int:
        """New frames a window: the model's longest, less the overlap, or what fits."""
        return max(1, min(super().free_batch(height, width), self.window - self.context_frames))

    def _noise(self, batch: Batch) -> torch.Tensor:
        """Independent noise for each frame, as the motion modules were trained; the same in every window."""
        if batch.count > self.window:
            raise PlanError("batch_size", f"this model sees at most {self.window} frames at once")
        if batch.generation.controlnets or batch.generation.cross_frame_attention:
            raise PlanError("controlnet", "animatediff models take neither ControlNet nor cross-frame attention")
        return seeded_noise(batch.latent_shape, batch.generation.seed, count=batch.count).to(self.device)

    def _predict(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        tokens: torch.Tensor,
        added: dict[str, torch.Tensor] | None,
        extras: Residuals | None,
        frames: int,
    ) -> torch.Tensor:
        video = sample.unflatten(0, (-1, frames)).transpose(1, 2)
        output = self.parts.unet(video, timestep, encoder_hidden_states=tokens, return_dict=False)[0]
        return output.transpose(1, 2).flatten(0, 1)
