"""Shapes of the catalogue's requests and answers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from rest_framework import serializers

from config.api.serializers import ThoroughSerializer, Values
from effects.models import Category, Effect
from effects.services.checks import check_category, check_effect

M = TypeVar("M", Effect, Category)

MAX_DESCRIPTION = 10_000
MAX_TAGS = 50


class EffectInputSerializer(ThoroughSerializer):
    """An effect as staff write it."""

    name = serializers.CharField(max_length=255)
    slug = serializers.SlugField(max_length=255)
    type = serializers.ChoiceField(choices=Effect.Type.choices)
    credits_cost = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    is_active = serializers.BooleanField()
    is_premium = serializers.BooleanField()
    is_new = serializers.BooleanField()
    popularity_score = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=0)
    description = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=MAX_DESCRIPTION)
    category_id = serializers.IntegerField(required=False, allow_null=True)
    tags = serializers.ListField(
        required=False, allow_null=True, max_length=MAX_TAGS, child=serializers.CharField(max_length=64)
    )
    thumbnail_url = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=2048)
    preview_video_url = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=2048)
    model_id = serializers.IntegerField(required=False, allow_null=True, source="model_file_id")
    parameters = serializers.DictField(required=False)
    configurable_properties = serializers.ListField(required=False, child=serializers.DictField())

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
        effect = _changed(self.instance or Effect(), self.validate(values))
        yield partial(check_effect, effect, fields=values)

    def validate(self, values: Values) -> Values:
        # The columns know no null: nothing is an empty text or an empty list.
        empty: dict[str, object] = {"description": "", "tags": [], "thumbnail_url": "", "preview_video_url": ""}
        return {name: empty.get(name) if value is None else value for name, value in values.items()}


class CategoryInputSerializer(ThoroughSerializer):
    """A category as staff write it."""

    name = serializers.CharField(max_length=255)
    slug = serializers.SlugField(max_length=255)
    sort_order = serializers.IntegerField(min_value=-(2**31), max_value=2**31 - 1)
    description = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=MAX_DESCRIPTION)
    kind = serializers.ChoiceField(choices=Category.Kind.choices, required=False)

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
        category = _changed(self.instance or Category(), self.validate(values))
        yield partial(check_category, category, fields=values)

    def validate(self, values: Values) -> Values:
        return {name: "" if name == "description" and value is None else value for name, value in values.items()}


def _changed(row: M, values: Values) -> M:
    """The row as it would be; the one that was read stays as it is."""
    row = copy.copy(row)
    for name, value in values.items():
        setattr(row, name, value)
    return row
