"""Shapes of the gallery's requests and answers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.api.serializers import OptionalTextField
from gallery.models import GalleryReport


class EffectNameSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    slug = serializers.CharField()


class GalleryItemSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    title = serializers.CharField(allow_null=True)
    thumbnail_url = serializers.CharField(allow_null=True)
    processed_file_url = serializers.CharField()
    effect = EffectNameSerializer(allow_null=True)
    published_at = serializers.DateTimeField()
    author = serializers.CharField()
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    duration = serializers.FloatField(allow_null=True, help_text="Seconds.")
    views = serializers.IntegerField()
    likes = serializers.IntegerField()


class CategoryNameSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()


class GalleryDetailSerializer(GalleryItemSerializer):
    poster_url = serializers.CharField(allow_null=True)
    category = CategoryNameSerializer(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    liked = serializers.BooleanField(help_text="By the caller; false for anonymous ones.")


class LikeAnswerSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    liked = serializers.BooleanField()
    likes = serializers.IntegerField()


class ReportSerializer(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(choices=GalleryReport.Reason.choices)
    details = OptionalTextField(max_length=1000)


class ReportAnswerSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    reason = serializers.CharField()


class RemixSerializer(serializers.Serializer[Any]):
    effect = EffectNameSerializer(allow_null=True)
    type = serializers.CharField()
    parameters = serializers.DictField(help_text="For POST /api/generate, when there is no effect.")
    input_payload = serializers.DictField(help_text="For POST /api/ai-jobs with the effect.")
