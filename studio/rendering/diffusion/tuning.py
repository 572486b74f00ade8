"""The layout of memory and the batch with which a processor is fastest, measured on a render's first frames."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import torch

from studio.rendering.diffusion.engine import DiffusionEngine
from studio.rendering.diffusion.interface import Generation, WeightedPrompt
from studio.rendering.diffusion.numerics import Layout, Numerics
from studio.rendering.pictures.arrays import Frames

_ROUNDS = 3
_LONG_ROUND = 0.1
"""Seconds after which no further round is run."""
_GAIN = 0.97
"""Of the time so far: what another layout or the next batch has to stay below to be taken for faster."""
_LONGEST_STEP = 2.0
"""Seconds that a batch's step may take: a render is cancelled between two of them."""


def tuned(engine: DiffusionEngine, numerics: Numerics, height: int, width: int, *, batched: bool) -> Numerics:
    """``numerics`` with the layouts that suit the engine's model and the processor and, where frames are
    ``batched``, with the best batch.

    Costs some ten steps, once for each size of picture; a model whose single step takes long is left as it is. Leaves
    the engine in any layout.
    """
    key = height, width, batched
    if key not in engine.measured:
        engine.measured[key] = _measured(engine, numerics, height, width, batched)
    return engine.measured[key]


@torch.inference_mode()
def _measured(engine: DiffusionEngine, numerics: Numerics, height: int, width: int, batched: bool) -> Numerics:
    frame = np.zeros((1, height, width, 3), np.uint8)
    engine.lay_out("contiguous", "contiguous")
    call = _call_of(engine, frame)
    if _seconds(lambda: call(1)) > _LONGEST_STEP / 2:
        return numerics
    latents = torch.zeros(1, engine.parts.unet.config.in_channels, height // 8, width // 8)

    def through_vae() -> None:
        engine.encode(frame)
        engine.decode(latents)

    unet = _faster_layout(lambda: call(1), lambda layout: engine.lay_out(layout, "contiguous"))
    vae = _faster_layout(through_vae, lambda layout: engine.lay_out(unet, layout))
    engine.lay_out(unet, vae)
    # To a model of moving pictures a batch is what it sees at once.
    batch = _best_batch(call, engine.free_batch(height, width)) if batched and engine.longest_batch is None else None
    return replace(numerics, unet=unet, vae=vae, batch=batch)


def _faster_layout(work: Callable[[], object], lay_out: Callable[[Layout], None]) -> Layout:
    seconds: dict[Layout, float] = {}
    for layout in get_args(Layout):
        lay_out(layout)
        seconds[layout] = _seconds(work)
    return "channels_last" if seconds["channels_last"] < _GAIN * seconds["contiguous"] else "contiguous"


def _best_batch(call: Callable[[int], object], fit: int) -> int:
    """The smallest of 1, 2, 4, 8 ... whose frames cost about the least; none whose step gets too long."""
    costs: dict[int, float] = {}
    count = 1
    while count <= fit:
        seconds = _seconds(functools.partial(call, count))
        if costs and seconds > _LONGEST_STEP:
            break
        costs[count] = seconds / count
        count *= 2
    least = min(costs.values())
    return min(count for count, cost in costs.items() if _GAIN * cost <= least)


def _call_of(engine: DiffusionEngine, frame: Frames) -> Callable[[int], object]:
    """The UNet's forward for so many frames, as a render with guidance would call it."""
    called: list[tuple[tuple[object, ...], dict[str, object]]] = []

    def remember(_: torch.nn.Module, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        called.append((args, kwargs))

    hook = engine.parts.unet.register_forward_pre_hook(remember, with_kwargs=True)
    try:
        _, height, width, _ = frame.shape
        engine.generate(Generation((WeightedPrompt(""),), steps=1), height=height, width=width, init=frame)
    finally:
        hook.remove()

    def call(count: int) -> object:
        def several(value: Any) -> Any:
            """What has a row for each prompt gets so many of each."""
            if isinstance(value, dict):
                return {name: several(each) for name, each in value.items()}
            return value.repeat_interleave(count, dim=0) if isinstance(value, torch.Tensor) and value.dim() else value

        args, kwargs = called[0]
        return engine.parts.unet(*map(several, args), **several(kwargs))

    return call


def _seconds(work: Callable[[], object]) -> float:
    """The least of some rounds, of one if that takes long. The first prepares the kernels and is not counted."""
    work()
    taken: list[float] = []
    while len(taken) < _ROUNDS and sum(taken) < _LONG_ROUND:
        start = time.process_time()
        work()
        # Of the processor, which other programs don't lengthen; threads that wait for one another spin, and count.
        taken.append((time.process_time() - start) / torch.get_num_threads())
    return min(taken)
