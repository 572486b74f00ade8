"""What people write to one another."""

from __future__ import annotations

import unicodedata

from rest_framework import serializers


class WrittenText(serializers.CharField):
    """Plain text with something to see in it: spaces, zero-width and control characters alone are no text.

    It is kept as it was written, HTML included, and escaped wherever it is shown.
    """

    def to_internal_value(self, data: object) -> str:
        text: str = super().to_internal_value(data)
        if text and not has_content(text):
            self.fail("blank")
        return text


def has_content(text: str) -> bool:
    """Whether any character of the text leaves ink."""
    return any(unicodedata.category(character)[0] not in "ZC" for character in text)
