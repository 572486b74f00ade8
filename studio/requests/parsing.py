"""From values by API name to a request: the way in, whichever door they came through."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from functools import cache
from itertools import islice
from typing import Any

from rest_framework import serializers

from config.api.errors import ValidationFailed
from config.api.reasons import reasons_by_field
from studio.requests.fields import PromptField, field_of
from studio.requests.parameter import declared
from studio.requests.types import TYPES, ControlUnit, Request, all_parameters, other_workflow

UNKNOWN = "This is no parameter of a render."
MAX_NAMED = 50
_LONGEST_NAME = 64
_OF_UNITS = frozenset(declared(of).api for of in fields(ControlUnit))


def unknown_keys(values: Mapping[str, Any], known: Collection[str]) -> list[str]:
    """The names among the values, and in their ControlNet units (``controlnet.0.strength``), that nobody reads.

    One rule for all doors: a wish that can't be followed is not dropped in silence. Requests may say more than we know,
    as clients of other versions do: they are taken, and the answer names the rest (``unknown_keys``; a settings file's
    does, too). A template is refused for it: staff can mend it, and whoever uses it would lose the same wish.
    """
    return [name[:_LONGEST_NAME] for name in islice(_unknown(values, known), MAX_NAMED)]


def _unknown(values: Mapping[str, Any], known: Collection[str]) -> Iterator[str]:
    yield from (str(name) for name in values if name not in known)
    units = values.get("controlnet") if "controlnet" in known else None
    for number, unit in enumerate(units if isinstance(units, list) else [units]):
        if isinstance(unit, Mapping):
            yield from (f"controlnet.{number}.{name}" for name in unit if name not in _OF_UNITS)


def check(values: Mapping[str, object], *, kept: bool = False) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The values that are fine, as a request takes them, and field -> reasons of the others: each by itself, whatever
    the workflow. ``kept``: of a request that was drawn up before; its settings may have asked for more.
    """
    checked: dict[str, Any] = {}
    problems: dict[str, list[str]] = {}
    for name, value in values.items():
        if name not in all_parameters():
            problems[str(name)[:_LONGEST_NAME]] = [UNKNOWN]
            continue
        try:
            checked[name] = _field(name, kept).run_validation(value)
        except serializers.ValidationError as error:
            problems |= reasons_by_field({name: error.detail})
    return checked, problems


def build(workflow: str, checked: Mapping[str, object]) -> Request:
    """The request that checked values are. Raises ValidationFailed naming what is for the other workflow alone."""
    _refuse(misplaced(checked, workflow))
    own = {name: value for name, value in checked.items() if other_workflow(name, workflow) is None}
    return TYPES[workflow].of(own)


def misplaced(values: Mapping[str, object], workflow: str) -> dict[str, list[str]]:
    """Field -> reasons, of what is said for the other workflow; null says nothing."""
    others = {name: other_workflow(name, workflow) for name, value in values.items() if value is not None}
    return {name: [f"This parameter is for {other} alone."] for name, other in others.items() if other}


def parse(workflow: str, values: Mapping[str, object]) -> Request:
    """The request that values from outside are. Raises ValidationFailed naming everything that is wrong."""
    checked, problems = check(values)
    _refuse(problems)
    return build(workflow, checked)


def restore(workflow: str, parameters: Mapping[str, Any]) -> Request:
    """The request that was kept as ``to_parameters`` writes it; what the workflow has no use for is left out.

    Rows may be older than the bounds: raises ValidationFailed naming what can't be asked for today.
    """
    known = {name: value for name, value in parameters.items() if name in all_parameters() and value is not None}
    checked, problems = check({n: v for n, v in known.items() if other_workflow(n, workflow) is None}, kept=True)
    _refuse(problems)
    # 5 and 5.0 are one length, and yet another plan when it is written down.
    checked = {name: known[name] if known[name] == value else value for name, value in checked.items()}
    if "controlnet" in checked:
        # As they were: a unit that named no figures has none.
        units = parameters["controlnet"]
        checked["controlnet"] = [
            {key: full[key] for key in full if not isinstance(unit, dict) or key in unit}
            for unit, full in zip(units if isinstance(units, list) else [units], checked["controlnet"], strict=True)
        ]
    return build(workflow, checked)


def with_values(request: Request, values: Mapping[str, object]) -> Request:
    """The request with checked values in place of its own, null with nothing in its place."""
    build(request.workflow, values)
    return build(request.workflow, {**request.to_parameters(), **values})


def _refuse(problems: dict[str, list[str]]) -> None:
    if problems:
        raise ValidationFailed(problems)


@cache
def _field(name: str, kept: bool) -> serializers.Field:
    field = field_of(all_parameters()[name], kept=kept)
    if isinstance(field, PromptField):
        # What people type is trimmed in bodies; what was written or kept stays as it is.
        field.trim_whitespace = False
    return field
