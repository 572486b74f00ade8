"""Bodies whose answer tells all faults at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from rest_framework import serializers
from rest_framework.fields import SkipField

from config.api.errors import all_problems

Values: TypeAlias = dict[str, Any]
"""What a body says, checked: each value is of the kind that its serializer's field makes."""


class ThoroughSerializer(serializers.Serializer):
    """Also asks the rules that look at other rows or other fields, whatever else is wrong with the body.

    DRF asks ``validate`` only once every field is fine by itself, and services are asked later still: a client would
    hear of a missing name first and of the taken slug when that is mended. A subclass says its ``rules``: checks of
    services that raise ValidationFailed, for the fields that are fine. The services ask them again, of course.
    """

    def rules(self, values: Values) -> Iterable[Callable[[], object]]:
        """The checks for these values; what is missing or wrong by itself is not among them.

        The first reason that is found for a field stands.
        """
        return ()

    def lookups(self, values: Values) -> Iterable[Callable[[], object]]:
        """Rules that cost a query and that the service asks in any case: asked here only when something is wrong."""
        return ()

    def to_internal_value(self, data: object) -> Values:
        problems: dict[str, object] = {}
        try:
            values: Values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if not isinstance(error.detail, dict) or not set(error.detail) & set(self.fields):
                raise
            problems = dict(error.detail)
            values = self._sound(data, problems)
        self._add(problems, self.rules(values))
        if problems:
            self._add(problems, self.lookups(values))
        if problems:
            raise serializers.ValidationError(problems)
        return values

    def _add(self, problems: dict[str, object], checks: Iterable[Callable[[], object]]) -> None:
        for field, reasons in all_problems(*checks).items():
            # What is wrong with ``items`` by itself says more than what is missing in ``items.0``.
            if field.partition(".")[0] not in problems:
                problems[field] = reasons

    def _sound(self, data: object, problems: dict[str, object]) -> Values:
        """The values of the fields that are fine by themselves, by the names under which they are passed on."""
        values: Values = {}
        for field in self._writable_fields:
            if field.field_name not in problems:
                try:
                    self.set_value(values, field.source_attrs, field.run_validation(field.get_value(data)))
                except SkipField:
                    continue
        return values


class OptionalTextField(serializers.CharField):
    """A text that may be left out, be empty or be null; the value is a text in any case."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**{"allow_blank": True, "allow_null": True, "default": "", **kwargs})

    def validate_empty_values(self, data: object) -> tuple[bool, object]:
        return (True, "") if data is None else super().validate_empty_values(data)
