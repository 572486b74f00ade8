"""Frames to the device and back, one copy each way, through pinned memory on CUDA so the host need not wait."""

from __future__ import annotations

import numpy as np
import torch

from studio.rendering.pictures.arrays import Frames


def to_device(frames: Frames, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """uint8 (n, h, w, 3) to (n, 3, h, w) in -1..1: bytes travel, the device converts them. channels_last on CUDA."""
    host = torch.from_numpy(np.ascontiguousarray(frames))
    if device.type == "cuda":
        host = host.pin_memory()
    pixels = host.to(device, non_blocking=True).permute(0, 3, 1, 2)
    # On a CPU in float32, whatever the type: rounded once.
    exact = dtype if device.type == "cuda" else torch.float32
    return pixels.to(exact).div_(127.5).sub_(1.0).to(dtype)


def to_host(images: torch.Tensor) -> Frames:
    """(n, 3, h, w) in -1..1 to uint8 (n, h, w, 3), rounded on the device; waits for the device."""
    quantised = (
        images.float().add(1.0).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()
    )
    if images.device.type != "cuda":
        return quantised.numpy()
    host = torch.empty(quantised.shape, dtype=torch.uint8, pin_memory=True)
    host.copy_(quantised, non_blocking=True)
    torch.cuda.current_stream(images.device).synchronize()
    return host.numpy()
