"""What effects are told of the parameters of a render."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from studio.rendering.deforum.deprecations import modernised
from studio.rendering.deforum.settings import import_settings
from studio.rendering.errors import PlanError
from studio.rendering.plan import CONTROL_CHARACTERS
from studio.requests.kinds import Number
from studio.requests.parsing import UNKNOWN, check, misplaced, unknown_keys
from studio.requests.types import MAX_PROMPT, all_parameters


class TemplateVocabulary:
    """A ``effects.generation.Vocabulary``."""

    max_prompt = MAX_PROMPT
    control_characters = CONTROL_CHARACTERS

    def names(self) -> frozenset[str]:
        return frozenset(name for name, p in all_parameters().items() if p.of_effects)

    def parameter_of(self, key: str) -> str | None:
        return self._by_key.get(key)

    def check(self, parameters: Mapping[str, object]) -> tuple[dict[str, object], dict[str, list[str]]]:
        names = self.names()
        checked, found = check({name: value for name, value in parameters.items() if name in names})
        problems: dict[str, list[str]] = {}
        for field, reasons in [*((name, [UNKNOWN]) for name in unknown_keys(parameters, names)), *found.items()]:
            # A unit's figure is the template's ``controlnet``: that is what staff and users know.
            problems.setdefault(field.partition(".")[0], []).extend(reasons)
        return checked, problems

    def wrong_settings(self, parameters: Mapping[str, object]) -> dict[str, list[str]]:
        settings = parameters.get("schedules")
        return _wrong_settings(settings) if isinstance(settings, Mapping) else {}

    def misplaced(self, parameters: Mapping[str, object], workflow: str) -> dict[str, list[str]]:
        return misplaced(parameters, workflow)

    @cached_property
    def _by_key(self) -> dict[str, str]:
        # Other texts of a user are words of the prompt.
        offered = (p for p in all_parameters().values() if p.of_effects)
        implied = [p for p in offered if isinstance(p.kind, Number) or p.name == "negative_prompt"]
        return {key: p.api for p in implied for key in (p.api, *p.aliases)}


def _wrong_settings(settings: Mapping[str, object]) -> dict[str, list[str]]:
    """What is no Deforum setting, or has no value of its kind; schedules are followed when there is a video."""
    said = {key: value for key, value in modernised(settings).items() if value is not None}
    try:
        unknown = import_settings(said)[1]
    except PlanError as error:
        return {f"schedules.{error.field}": [error.message]}
    return {f"schedules.{key}": ["This is no Deforum setting."] for key in unknown}
