"""The framework's fields of parameters: for bodies and their OpenAPI schema, and for whoever checks values alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, TypedDict, Unpack

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.api.serializers import Values
from studio.rendering.plan import CONTROL_CHARACTERS
from studio.requests.kinds import Choice, Flag, Kind, Number, Settings, Text, Units
from studio.requests.parameter import Parameter, declared
from studio.requests.types import ControlUnit, all_parameters


class TextField(serializers.CharField):
    """A text and nothing that could be made one: a number as a prompt is a mistake."""

    def to_internal_value(self, data: object) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text


class PromptField(TextField):
    """Text for the model: free of control characters other than line breaks and tabs."""

    def to_internal_value(self, data: object) -> str:
        text = super().to_internal_value(data)
        if CONTROL_CHARACTERS.search(text):
            raise serializers.ValidationError("The text contains control characters.")
        return text


class FiniteFloatField(serializers.FloatField):
    """A number that is one: ``"nan"`` slips through every range check, and true is 1 to Python."""

    def to_internal_value(self, data: object) -> float:
        value: float = math.nan if isinstance(data, bool) else super().to_internal_value(data)
        if not math.isfinite(value):
            raise serializers.ValidationError("A valid number is required.")
        return value


class SettingsField(serializers.DictField):
    """An object in Deforum's vocabulary; its settings are checked with the plan."""

    def __init__(self, *, longest: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.longest = longest

    def to_internal_value(self, data: object) -> dict[str, object]:
        settings: dict[str, object] = super().to_internal_value(data)
        if len(str(settings)) > self.longest:
            raise serializers.ValidationError("The schedules are too long.")
        return settings


class ControlNetSerializer(serializers.Serializer):
    def get_fields(self) -> dict[str, serializers.Field]:
        units = [declared(of) for of in fields(ControlUnit)]
        return {p.api: field_of(p, **_presence(p)) for p in units}

    def validate(self, values: Values) -> Values:
        if values["start"] >= values["end"]:
            raise serializers.ValidationError({"end": ["The end must lie after the start."]})
        return values


@extend_schema_field(ControlNetSerializer(many=True))
class ControlNetField(serializers.Field):
    """One unit by its type, one unit, or a list of them."""

    def __init__(self, *, most: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.most = most

    def to_internal_value(self, data: object) -> list[dict[str, object]]:
        units = data if isinstance(data, list) else [data]
        units = [{"type": unit} if isinstance(unit, str) else unit for unit in units]
        if len(units) > self.most:
            raise serializers.ValidationError(f"At most {self.most} ControlNet units can be used at once.")
        inner = ControlNetSerializer(data=units, many=True)
        inner.is_valid(raise_exception=True)
        return [dict(unit) for unit in inner.validated_data]

    def to_representation(self, value: object) -> object:
        return value


def request_fields(*, without: Iterable[str] = ()) -> dict[str, serializers.Field]:
    """API name -> field, of the parameters of both workflows; none is required."""
    return {api: field_of(p) for api, p in all_parameters().items() if api not in without}


def field_of(parameter: Parameter, *, kept: bool = False, **options: Unpack[_Presence]) -> serializers.Field:
    """A new field. ``kept``: with the bounds of requests that were drawn up before."""
    common: dict[str, object] = {"required": False, "help_text": parameter.help, **options}
    if parameter.null:
        common["allow_null"] = True
    return _MAKERS[type(parameter.kind)](parameter.kind, kept, common)


def _number(kind: Number, kept: bool, common: Mapping[str, Any]) -> serializers.Field:
    low, high = kind.bounds(kept=kept)
    field = serializers.IntegerField if kind.whole else FiniteFloatField
    return field(min_value=low, **({} if high is None else {"max_value": high}), **common)


def _text(kind: Text, kept: bool, common: Mapping[str, Any]) -> serializers.Field:
    blank = {"allow_blank": True} if kind.blank else {}
    # Names may be sent as the numbers that ids are.
    return (PromptField if kind.plain else serializers.CharField)(max_length=kind.longest, **blank, **common)


def _choice(kind: Choice, kept: bool, common: Mapping[str, Any]) -> serializers.Field:
    return serializers.ChoiceField(choices=kind.options, **common)


def _flag(kind: Flag, kept: bool, common: Mapping[str, Any]) -> serializers.Field:
    return serializers.BooleanField(**common)


def _units(kind: Units, kept: bool, common: Mapping[str, Any]) -> serializers.Field:
    return ControlNetField(most=kind.most, **common)


def _settings(kind: Settings, kept: bool, common: Mapping[str, Any]) -> serializers.Field:
    return SettingsField(longest=kind.longest, **common)


def _presence(parameter: Parameter) -> _Presence:
    """Of a unit's field: its default, or that it is required."""
    return {"required": True} if parameter.default is None else {"default": parameter.default}


class _Presence(TypedDict, total=False):
    required: bool
    default: object


_MAKERS: dict[type[Kind], Callable[..., serializers.Field]] = {
    Number: _number, Text: _text, Choice: _choice, Flag: _flag, Units: _units, Settings: _settings,
}  # fmt: skip
