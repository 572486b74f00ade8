"""What an attempt counts for."""

from __future__ import annotations

from django.db.models import F
from django.db.models.functions import Least


def uncounted() -> dict[str, object]:
    """The changes of a row whose attempt ends for no fault of the render's."""
    return {
        "attempts": F("attempts") - 1,
        "productive_attempt": Least(F("productive_attempt"), F("attempts") - 1),
    }
