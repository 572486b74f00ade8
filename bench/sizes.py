"""The sizes that people render on a CPU: our pipeline beside diffusers one by one and in batches, file to file.

Everybody is handed the same clip, ours as a file, and ends with an H.264 file; nobody smooths over time. diffusers
runs in float32, as it does unasked, and in bfloat16; ours in float32 and in what it chooses on this processor.
"""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench import naive
from bench.workload import RATE, source_file
from studio.builtin_model.location import builtin_model_path
from studio.rendering.diffusion.engine import DiffusionEngine
from studio.rendering.diffusion.numerics import Numerics, Precision
from studio.rendering.diffusion.precision import bfloat16_pays
from studio.rendering.diffusion.tuning import tuned
from studio.rendering.media.decode import FrameReader
from studio.rendering.media.sink import FrameSink
from studio.rendering.models.loading import Components, load_components
from studio.rendering.models.tiny import build_random
from studio.rendering.plan import ModelSpec, RenderPlan, Vid2VidParams
from studio.rendering.vid2vid.pipeline import restyle
from training.natural import natural_picture

SIZES = ((64, 64), (128, 128), (256, 256), (448, 256))
"""Width and height; the last is the demo's."""
CPU = torch.device("cpu")
_STEPS, _DENOISING, _FRAMES, _BATCH = 16, 0.5, 8, 8


@dataclass(frozen=True)
class Cost:
    """Of one frame, in milliseconds."""

    wall: float
    processor: float


def table(weights: str, width: int, height: int, rounds: int) -> Iterator[str]:
    """Lines of one size: what each contestant costs, and ours over the cheapest that diffusers has in float32."""
    frames = np.stack(
        [natural_picture(np.random.default_rng([7]), height, width, shift=2.0 * t) for t in range(_FRAMES)]
    )
    parts = _parts(weights)
    exact = DiffusionEngine(parts, CPU)
    few = min(_BATCH, exact.free_batch(height, width))
    channels = tuple(parts.unet.config.block_out_channels)
    precision: Precision = "bfloat16" if bfloat16_pays(channels, height, width, 4) else "float32"
    start = time.perf_counter()
    chosen = exact if precision == "float32" else DiffusionEngine(_parts(weights), CPU, "bfloat16")
    numerics = tuned(chosen, Numerics(precision), height, width, batched=True)
    spent = time.perf_counter() - start
    with source_file(frames) as source, tempfile.TemporaryDirectory() as folder:

        def loop(pipeline: Any, batch: int) -> Callable[[], object]:
            at = Path(folder)
            return lambda: naive.restyle(pipeline, frames, at, steps=_STEPS, denoising=_DENOISING, batch=batch)

        plain = naive.build_pipeline(_parts(weights))
        short = naive.build_pipeline(_parts(weights)).to(torch.bfloat16)
        costs = _interleaved(
            rounds,
            {
                "diffusers, one by one": loop(plain, 1),
                f"diffusers, {_BATCH} at once": loop(plain, _BATCH),
                f"diffusers, bfloat16, {_BATCH} at once": loop(short, _BATCH),
                "ours, float32": lambda: _ours(exact, Numerics(batch=few), source, width, height),
                f"ours, {_said(numerics)}": lambda: _ours(chosen, numerics, source, width, height),
            },
        )
    best = [min(cost) for cost in zip(*((c.wall, c.processor) for c in list(costs.values())[:2]), strict=True)]
    for name, cost in costs.items():
        ratio = f"{best[0] / cost.wall:.2f}x / {best[1] / cost.processor:.2f}x"
        yield f"| {weights} | {width}x{height} | {name} | {cost.wall:.0f} ms | {cost.processor:.0f} ms | {ratio} |"
    yield f"| {weights} | {width}x{height} | (loading and measuring, once a worker: {spent:.1f} s) | | | |"


def _said(numerics: Numerics) -> str:
    layouts = "/".join("last" if layout == "channels_last" else "first" for layout in (numerics.unet, numerics.vae))
    return f"chosen: {numerics.precision}, channels {layouts}, {numerics.batch} at once"


def _parts(weights: str) -> Components:
    if weights == "random":
        return build_random("tiny")
    return load_components(builtin_model_path(), dtype=torch.float32)


def _ours(engine: DiffusionEngine, numerics: Numerics, source: Path, width: int, height: int) -> None:
    engine.adopt(numerics)
    params = Vid2VidParams("a wolf in the snow", "grey", denoising=_DENOISING, smoothing=0, stabilise_colour=False)
    model = ModelSpec("sd15", "", scheduler="ddim", steps=_STEPS)
    plan = RenderPlan("vid2vid", model, width, height, str(RATE), _FRAMES, 5, params)
    with (
        tempfile.TemporaryDirectory() as folder,
        FrameReader(source, width=width, height=height, fps=RATE, count=_FRAMES) as reader,
        FrameSink(Path(folder), width=width, height=height, fps=RATE) as sink,
    ):
        restyle(plan, engine, source=iter(reader), sink=sink, state_dir=Path(folder), should_stop=lambda: False)
        sink.finish()


def _interleaved(rounds: int, contestants: dict[str, Callable[[], object]]) -> dict[str, Cost]:
    """Medians, taken in turns so that a busy machine slows all alike; a first round is not counted."""
    taken: dict[str, list[Cost]] = {name: [] for name in contestants}
    for counted in range(rounds + 1):
        for name, work in contestants.items():
            start, spent = time.perf_counter(), _processor()
            work()
            cost = Cost((time.perf_counter() - start) * 1000 / _FRAMES, (_processor() - spent) * 1000 / _FRAMES)
            if counted:
                taken[name].append(cost)
    return {
        name: Cost(statistics.median(c.wall for c in costs), statistics.median(c.processor for c in costs))
        for name, costs in taken.items()
    }


def _processor() -> float:
    """Seconds of processors, children's included."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
