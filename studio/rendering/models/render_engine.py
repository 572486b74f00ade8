"""How a render computes: decided before its first frame, and kept by everything that continues it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from studio.rendering.diffusion import memory
from studio.rendering.diffusion.engine import DiffusionEngine
from studio.rendering.diffusion.numerics import Numerics
from studio.rendering.diffusion.precision import bfloat16_pays
from studio.rendering.diffusion.tuning import tuned
from studio.rendering.models import cache
from studio.rendering.models.inspection import config_folder, read_json
from studio.rendering.pictures.geometry import padded_size
from studio.rendering.plan import RenderPlan

_TRIED_TOGETHER = 4
"""Frames of a video that the measurement of a precision pretends to render at once."""


@contextmanager
def render_engine(plan: RenderPlan, state: Path, *, begun: bool) -> Iterator[DiffusionEngine]:
    """The warm engine for ``plan``, computing as ``state`` says: on a CPU a render that has ``begun`` goes on as it
    began, whatever processor and settings it goes on with. Raises ModelError, RenderError.
    """
    if cache.default_device().type != "cpu":
        with cache.engine_lease(plan.model) as engine:
            yield engine
        return
    chosen = Numerics.frozen(state)
    if chosen is None and (begun or cache.default_precision() == "float32"):
        # What began without a choice of its own is of a version that knew only this one.
        chosen = Numerics()
        chosen.freeze(state)
    height, width = padded_size(plan.height, plan.width)
    batched = plan.workflow == "vid2vid"
    numerics = chosen or _suiting(plan, height, width, _TRIED_TOGETHER if batched else 1)
    with cache.engine_lease(plan.model, precision=numerics.precision) as engine:
        if chosen is None:
            numerics = tuned(engine, numerics, height, width, batched=batched and plan.batch_size is None)
            numerics.freeze(state)
        engine.adopt(numerics)
        try:
            yield engine
        finally:
            # What its activations leave behind is not the next render's size.
            memory.release(engine.device)


def _suiting(plan: RenderPlan, height: int, width: int, frames: int) -> Numerics:
    location = Path(plan.model.location)
    folder = location if location.is_dir() else config_folder(location)
    channels = read_json(folder / "unet" / "config.json", "UNet's configuration").get("block_out_channels") or (320,)
    faster = bfloat16_pays(tuple(int(wide) for wide in channels), height, width, frames)
    return Numerics("bfloat16" if faster else "float32")
