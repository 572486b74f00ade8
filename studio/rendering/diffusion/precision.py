"""Whether a processor is faster in bfloat16, and a model's modules in it."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

WORTH_IT = 0.8
"""Of float32's time: what bfloat16 may take at most for its rounding to be worth it."""
_ROUNDS = 3
_LONG_ROUND_SECONDS = 0.5
"""What takes this long is told apart by a single round."""
_PRODUCT = 4
"""Inner width of a transformer's feed-forward, in its width."""


def halved(module: nn.Module) -> nn.Module:
    """``module`` with weights in bfloat16, except those of its norms: they are few, and scale all that follows."""
    for part in module.modules():
        if isinstance(part, nn.GroupNorm | nn.LayerNorm):
            continue
        for name, parameter in part.named_parameters(recurse=False):
            setattr(part, name, nn.Parameter(parameter.to(torch.bfloat16), requires_grad=False))
        for name, buffer in part.named_buffers(recurse=False):
            if buffer.is_floating_point():
                setattr(part, name, buffer.to(torch.bfloat16))
    return module


@functools.cache
def bfloat16_pays(channels: tuple[int, ...], height: int, width: int, frames: int) -> bool:
    """Whether this processor convolves and multiplies clearly faster in bfloat16, at the shapes of a UNet with
    ``channels`` a level on ``frames`` pictures of ``height`` x ``width``.

    Flags say what a processor knows, not what it gains: without units of its own bfloat16 is slower than float32. So it
    is measured, once a process: in some milliseconds for a small model, in seconds for one whose frames take minutes.
    """
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return False
    exact, short = (_samples(dtype, channels, height, width, frames) for dtype in (torch.float32, torch.bfloat16))
    # In turns, so that a busy machine slows both; the first is not counted.
    rounds = 1 if _seconds(exact) + _seconds(short) > _LONG_ROUND_SECONDS else _ROUNDS
    seconds = [(_seconds(exact), _seconds(short)) for _ in range(rounds)]
    return min(after for _, after in seconds) <= WORTH_IT * min(before for before, _ in seconds)


def _samples(
    dtype: torch.dtype, channels: tuple[int, ...], height: int, width: int, frames: int
) -> list[Callable[[], object]]:
    """One convolution and one product per level of the UNet, for frames with guidance."""
    ones = functools.partial(torch.ones, dtype=dtype)
    work: list[Callable[[], object]] = []
    for level, wide in enumerate(channels):
        high, across = max(1, (height // 8) >> level), max(1, (width // 8) >> level)
        picture, kernel = ones(2 * frames, wide, high, across), ones(wide, wide, 3, 3)
        tokens, weight = ones(2 * frames, high * across, wide), ones(_PRODUCT * wide, wide)
        work.append(functools.partial(functional.conv2d, picture, kernel, padding=1))
        work.append(functools.partial(functional.linear, tokens, weight))
    return work


@torch.inference_mode()
def _seconds(work: list[Callable[[], object]]) -> float:
    # Of the processor, which other programs don't lengthen.
    start = time.process_time()
    for each in work:
        each()
    return time.process_time() - start
