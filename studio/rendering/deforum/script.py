"""An animation's settings as rows, one a frame: what is to be rendered unless somebody steers."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cached_property

from studio.rendering.deforum.generations import Generations, lora_name
from studio.rendering.deforum.parameters import FrameParameters
from studio.rendering.deforum.samplers import scheduler_of
from studio.rendering.deforum.seeds import SeedState
from studio.rendering.deforum.settings import import_settings
from studio.rendering.deforum.steering.explicit import explicit_loras, explicit_units, named_loras
from studio.rendering.deforum.steering.table import steerable_names
from studio.rendering.deforum.validation import validate
from studio.rendering.errors import PlanError
from studio.rendering.plan import DeforumParams, RenderPlan

MostSteps = Callable[[str | None], int]
"""How many steps a sampler (None: the model's own) can run."""


class Script:
    """The rows of a plan. Raises PlanError for one that can't be rendered."""

    def __init__(
        self,
        plan: RenderPlan,
        *,
        extended: int,
        assets: Collection[str],
        has_source: bool,
        has_mask_video: bool,
        most_steps: MostSteps | None,
    ) -> None:
        """``extended`` frames are more than the plan's."""
        assert isinstance(plan.params, DeforumParams)
        self._plan = plan
        self._params = plan.params
        self._assets = assets
        self._videos = has_source, has_mask_video
        self._most_steps = most_steps
        imported, _ = import_settings(plan.params.settings)
        self.settings = explicit_units(imported, plan.params.controlnets)
        self._loras = [(lora_name(spec), spec.weight) for spec in plan.params.loras]
        self.loras = frozenset(name for name, _ in self._loras)
        self.seed_behavior = "schedule" if self.settings.use_looper else self.settings.seed_behavior
        self._lay_out(plan.frame_count + extended)

    def _lay_out(self, frame_count: int) -> None:
        has_source, has_mask_video = self._videos
        table = validate(
            self.settings,
            frame_count,
            seed=self._plan.seed,
            loras=self.loras,
            assets=self._assets,
            has_source=has_source,
            has_mask_video=has_mask_video,
        )
        self.named = named_loras(table)
        """The LoRAs that the settings' prompts name."""
        self.rows = explicit_loras(table, self._loras)
        """Of every frame of the whole film."""
        self.generations = Generations(self._plan, self.settings, self.rows)

    @property
    def total(self) -> int:
        """The frames that are to be rendered."""
        return min(len(self.rows), self._plan.frame_limit or len(self.rows))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What of it can be steered."""
        return steerable_names(self.settings, controlnets=len(self._params.controlnets))

    def own_seeds(self, counter: int) -> SeedState:
        """The seeds as the settings alone would have them after so many diffused frames."""
        seeds = SeedState.start(self._plan.seed)
        for _ in range(counter):
            seeds = seeds.advanced(self.seed_behavior, self.settings.seed_iter_N)
        return seeds

    def most_steps(self, row: FrameParameters) -> int | None:
        """How many steps the sampler of a row can run, where that is known."""
        if self._most_steps is None:
            return None
        scheduled = self.settings.enable_sampler_scheduling
        return self._most_steps(
            scheduler_of(row.names["sampler_schedule"]) if scheduled else self._plan.model.scheduler
        )

    def lengthen(self, total: int) -> None:
        """Make it a film of so many frames. Raises PlanError, and then it is what it was."""
        if self._plan.frame_limit is not None:
            raise PlanError("frames", "frames: a preview can't be made longer")
        before = len(self.rows)
        self._lay_out(total)
        for row in self.rows[before:]:
            most = self.most_steps(row)
            if most is not None and row["steps_schedule"] > most:
                self._lay_out(before)
                raise PlanError("frames", f"frames: the settings ask for more than {most} steps at frame {row.frame}")
