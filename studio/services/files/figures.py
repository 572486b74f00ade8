"""How much is stored, for staff: counted once an hour, since that reads every file's row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, NamedTuple

from django.db.models import Count, Sum
from django.utils import timezone

from config.platform.cache import durable
from studio.models import MediaFile
from tenants.scope import all_tenants

_KEY: Final = "figures:stored"
_KEPT_SECONDS: Final = 3 * 3600


class Stored(NamedTuple):
    kind: str
    files: int
    size: int
    """Bytes."""


def count_stored() -> int:
    """Count anew what is stored; answers how many files."""
    with all_tenants():
        rows = MediaFile.objects.order_by().values_list("kind").annotate(files=Count("*"), size=Sum("size"))
        found = [(kind, files, int(size or 0)) for kind, files, size in rows]
    durable.set(_KEY, [timezone.now().timestamp(), sorted(found)], _KEPT_SECONDS)
    return sum(files for _, files, _ in found)


def stored() -> tuple[list[Stored], datetime]:
    """By kind of file, and when that was."""
    kept = durable.get(_KEY)
    if kept is None:
        count_stored()
        kept = durable.get(_KEY)
    at, rows = kept
    return [Stored(*row) for row in rows], datetime.fromtimestamp(at, UTC)
