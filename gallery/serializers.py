"""Shapes of the gallery's requests and answers."""

from __future__ import annotations

from rest_framework import serializers

from config.api.serializers import OptionalTextField
from gallery.models import GalleryReport


class ReportSerializer(serializers.Serializer):
    reason = serializers.ChoiceField(choices=GalleryReport.Reason.choices)
    details = OptionalTextField(max_length=1000)
