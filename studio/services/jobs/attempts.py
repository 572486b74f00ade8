"""What an attempt counts for."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.db.models.functions import Least


def uncounted() -> dict[str, Any]:
    """The changes of a row whose attempt ends for no fault of the render's."""
    return {
        "attempts": F("attempts") - 1,
        "productive_attempt": Least(F("productive_attempt"), F("attempts") - 1),
    }
