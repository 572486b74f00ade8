"""Plans and videos for the tests of this package."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from studio.rendering.deforum.animator import animate
from studio.rendering.deforum.settings import DeforumSettings, export_settings, import_settings
from studio.rendering.deforum.tests.doubles import FormulaEngine, MemorySink
from studio.rendering.pictures.arrays import Frames
from studio.rendering.plan import DeforumParams, ModelSpec, RenderPlan

STILL = {
    "diffusion_cadence": 1,
    "zoom": 1,
    "translation_z": 0,
    "noise_schedule": 0,
    "amount_schedule": 0,
    "steps": 4,
}
"""Settings under which nothing moves and nothing is added."""


def settings_of(settings: dict[str, Any]) -> DeforumSettings:
    """What a settings file with these says."""
    return import_settings(settings)[0]


def make_plan(settings: dict[str, Any] | None = None, **changes: Any) -> RenderPlan:
    """A small plan with ``settings`` over :data:`STILL`."""
    params = {key: changes.pop(key) for key in ("loras", "controlnets") if key in changes}
    complete = export_settings(import_settings({**STILL, **(settings or {})})[0])
    base = RenderPlan(
        workflow="deforum",
        model=ModelSpec("sd15", "unused"),
        width=64,
        height=48,
        fps="12",
        frame_count=10,
        seed=7,
        params=DeforumParams(complete, **params),
    )
    return dataclasses.replace(base, **changes)


def render(
    plan: RenderPlan,
    state_dir: Path,
    *,
    engine: FormulaEngine | None = None,
    sink: MemorySink | None = None,
    **inputs: Any,
) -> MemorySink:
    """Animate ``plan`` and return the sink."""
    sink = MemorySink() if sink is None else sink
    inputs = {"source": None, "should_stop": lambda: False} | inputs
    animate(plan, engine or FormulaEngine(), sink=sink, state_dir=state_dir, **inputs)
    return sink


def moving_video(count: int = 12, height: int = 48, width: int = 64, step: int = 2) -> Frames:
    """A texture that moves ``step`` pixels to the right each frame."""
    rng = np.random.default_rng(5)
    coarse = rng.integers(0, 256, (height // 4, (width + count * step) // 4 + 1, 3)).astype(np.uint8)
    wide = np.kron(coarse, np.ones((4, 4, 1), np.uint8))
    return np.stack([wide[:, count * step - k * step :][:, :width] for k in range(count)])


def chunks(video: Frames, size: int = 5) -> Iterator[Frames]:
    """The video as a stream of chunks."""
    for start in range(0, len(video), size):
        yield video[start : start + size]


VIDEO = moving_video(12)
HALF = np.zeros((48, 64), np.uint8)
"""The right half is white."""
HALF[:, 32:] = 255


def run(
    tmp_path: Path,
    settings: dict[str, Any],
    *,
    frame_count: int = 4,
    engine: FormulaEngine | None = None,
    source: Frames | None = None,
    **options: Any,
) -> MemorySink:
    """Animate a small plan with ``settings`` in a folder of its own; ``options`` are of the plan or of ``animate``."""
    of_plan = {key: options.pop(key) for key in ("loras", "controlnets", "batch_size", "frame_limit") if key in options}
    plan = make_plan(settings, frame_count=frame_count, **of_plan)
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    return render(plan, folder, engine=engine, source=None if source is None else chunks(source), **options)


def colours(image: np.ndarray) -> np.ndarray:
    """Mean red, green and blue."""
    return image.mean(axis=(0, 1))
