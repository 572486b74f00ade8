"""From one row of the frame-parameter table to one request to the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from studio.rendering.deforum.parameters import FrameParameters
from studio.rendering.deforum.samplers import scheduler_of
from studio.rendering.deforum.seeds import RANDOM, drawn_seed
from studio.rendering.deforum.settings import DeforumSettings
from studio.rendering.diffusion.interface import THRESHOLDS, Generation
from studio.rendering.pictures.arrays import Frames
from studio.rendering.plan import ControlNetSpec, DeforumParams, LoraSpec, RenderPlan

_SUBSEEDS = 2**16
"""Beyond what other drawn seeds are told apart by."""


def lora_name(spec: LoraSpec) -> str:
    """The name a prompt's ``<lora:name:weight>`` knows a LoRA file by: its file name without the suffix."""
    return Path(spec.location).stem


class Generations:
    """Builds the engine's requests for one plan.

    A LoRA that any prompt names has the weight the current prompt gives it, and is off where it is not named; the
    others keep the plan's weight. The N-th ControlNet of the plan follows the schedules of ``cn_N_*`` where those are
    enabled.
    """

    def __init__(self, plan: RenderPlan, settings: DeforumSettings, table: Sequence[FrameParameters]) -> None:
        assert isinstance(plan.params, DeforumParams)
        self._plan = plan
        self._params = plan.params
        self._settings = settings
        self._named = {name for row in table for name in row.prompt.loras}

    @property
    def uses_controlnets(self) -> bool:
        return bool(self._params.controlnets)

    def build(
        self, row: FrameParameters, *, seed: int, init: Frames | None, source: Frames | None, denoising: float
    ) -> tuple[Generation, list[Frames]]:
        """The request for frame ``row`` and, for each of its ControlNets, the frames that are looked at.

        ``source`` are the source video's frames at ``row``. A ControlNet that has nothing to look at is left out.
        """
        controlnets, control_frames, thresholds = [], [], []
        for spec, seen, edges in self._controlnets(row, init, source):
            controlnets.append(spec)
            control_frames.append(seen)
            thresholds.append(edges)
        subseed_strength, subseed = row["subseed_strength_schedule"], int(row["subseed_schedule"])
        if subseed == RANDOM:
            subseed = drawn_seed(self._plan.seed, row.frame, _SUBSEEDS)
        scheduler = self._plan.model.scheduler
        if self._settings.enable_sampler_scheduling:
            scheduler = scheduler_of(row.names["sampler_schedule"])
        generation = Generation(
            prompts=row.prompt.prompts,
            negative_prompt=row.prompt.negative,
            cfg_scale=row["cfg_scale_schedule"],
            steps=int(row["steps_schedule"]),
            denoising=denoising if init is not None else 1.0,
            seed=seed,
            subseed=subseed if subseed_strength else None,
            subseed_strength=subseed_strength,
            noise_multiplier=row["noise_multiplier_schedule"],
            scheduler=scheduler,
            controlnets=tuple(controlnets),
            thresholds=tuple(thresholds) if any(edges != THRESHOLDS for edges in thresholds) else (),
            loras=self._loras(row),
            options=self._plan.options,
        )
        return generation, control_frames

    def _controlnets(
        self, row: FrameParameters, init: Frames | None, source: Frames | None
    ) -> list[tuple[ControlNetSpec, Frames, tuple[int, int]]]:
        active = []
        for index, spec in enumerate(self._params.controlnets):
            unit = row.units[index] if index < len(row.units) else None
            if unit:
                spec = replace(spec, weight=unit.weight, start=unit.guidance_start, end=unit.guidance_end)
            seen = init if (unit and unit.loopback) or source is None else source
            if spec.weight > 0 and seen is not None:
                active.append((spec, seen, unit.thresholds if unit else THRESHOLDS))
        return active

    def _loras(self, row: FrameParameters) -> tuple[LoraSpec, ...]:
        weights = [
            replace(spec, weight=row.prompt.loras.get(name, 0.0)) if (name := lora_name(spec)) in self._named else spec
            for spec in self._params.loras
        ]
        return tuple(spec for spec in weights if spec.weight)
