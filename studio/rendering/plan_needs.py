"""Everything that a plan makes the renderer load: the one list of it, checked before anything is queued.

What ``render.py`` and the engine open is the model, its ControlNets and LoRAs, the depth model and the table of a
sampler's steps; what an animation reads beside them is checked by ``deforum.validation``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from studio.rendering.deforum.parameters import FrameParameters
from studio.rendering.deforum.samplers import scheduler_of
from studio.rendering.deforum.settings import DeforumSettings
from studio.rendering.diffusion.samplers import most_steps
from studio.rendering.errors import ModelError, PlanError
from studio.rendering.models.checks import check_adapters, check_depth_model, check_model, scheduler_config
from studio.rendering.plan import RenderPlan


def check_needs(plan: RenderPlan, settings: DeforumSettings | None, table: Sequence[FrameParameters]) -> None:
    """Raise PlanError or ModelError, naming the field, unless all that ``plan`` needs is there and fits. ``settings``
    and ``table`` are an animation's.
    """
    check_model(plan.model)
    for unit in plan.params.controlnets:
        if not 0 <= unit.start <= unit.end <= 1:
            raise PlanError("controlnet", "controlnet: 0 <= start <= end <= 1")
    check_adapters(plan.model, plan.params.controlnets, plan.params.loras)
    _check_depth(plan, settings)
    _check_steps(plan, settings, table)


def _check_depth(plan: RenderPlan, settings: DeforumSettings | None) -> None:
    folder = plan.options.depth_model
    for field, required in _depth_users(plan, settings):
        if folder is None and required:
            raise PlanError(field, f"{field}: no depth model is installed")
        if folder is not None:
            try:
                check_depth_model(Path(folder))
            except ModelError as error:
                raise PlanError(field, f"{field}: {error.message}") from error


def _depth_users(plan: RenderPlan, settings: DeforumSettings | None) -> Iterator[tuple[str, bool]]:
    """The fields that have a depth model asked, and whether they can't do without one."""
    if any(unit.kind == "depth" for unit in plan.params.controlnets):
        yield "controlnet", True
    if settings and settings.has_depth_mask:
        yield "hybrid_comp_mask_type", True
    if settings and settings.needs_depth and not settings.has_depth_mask:
        yield "use_depth_warping", False


def _check_steps(plan: RenderPlan, settings: DeforumSettings | None, table: Sequence[FrameParameters]) -> None:
    config = scheduler_config(plan.model)
    named = "sampler_schedule" if settings and settings.enable_sampler_scheduling else None
    scheduled = "steps_schedule" if settings and settings.enable_steps_scheduling else "steps"
    asked = {(plan.model.scheduler, plan.model.steps): 0}
    for row in table:
        scheduler = scheduler_of(row.names[named]) if named else plan.model.scheduler
        asked.setdefault((scheduler, int(row["steps_schedule"])), row.frame)
    for (scheduler, steps), frame in asked.items():
        most = most_steps(scheduler, config)
        if steps > most:
            place = f"frame {frame}: " if scheduled != "steps" else ""
            raise PlanError(scheduled, f"{scheduled}: {place}this sampler runs {most} steps at most, not {steps}")
