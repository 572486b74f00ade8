"""Files that renders made and nothing refers to any more: of a worker that was killed before its row named them, of
previews that a newer one replaced, of deleted videos that something else still needed at the time.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from config.platform.cache import durable
from studio.models import MediaFile, RenderJob, Video
from studio.services.files.blobs import drop_unnamed
from studio.services.files.deletion import remove_rows
from tenants.scope import all_tenants

LEFT_ALONE = timedelta(hours=1)
"""Whoever stores files for a row has named them long before."""

BATCH = 500

_UPLOADED = (MediaFile.Kind.SOURCE, MediaFile.Kind.SOUNDTRACK)
_CURSOR = "reap:files"


def sweep_orphans(batch: int = BATCH) -> int:
    """Remove such files of the next ``batch`` rows, round and round through all of them; answers how many went."""
    with all_tenants():
        since = durable.get(_CURSOR, 0)
        ids = list(MediaFile.objects.filter(pk__gt=since).order_by("pk").values_list("pk", flat=True)[:batch])
        keys: dict[str, str] = {}
        swept = 0
        if ids:
            with transaction.atomic():
                # Locked first, so that nobody begins to refer to one while it goes.
                found = _orphans(ids).values_list("pk", flat=True)
                locked = MediaFile.objects.filter(pk__in=list(found)).select_for_update(skip_locked=True)
                files = list(_orphans([file.pk for file in locked]))
                keys, swept = remove_rows(files), len(files)
        drop_unnamed(keys)
        last = ids[-1] if len(ids) == batch else 0
        if last != since:
            durable.set(_CURSOR, last, timeout=None)
    return swept


def _orphans(ids: list[int]) -> models.QuerySet[MediaFile]:
    made = MediaFile.objects.filter(
        pk__in=ids, status=MediaFile.Status.READY, created_at__lt=timezone.now() - LEFT_ALONE
    ).exclude(kind__in=_UPLOADED)
    for relation in MediaFile._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel):
            rows = relation.related_model._base_manager.filter(**{relation.field.name: OuterRef("pk")})
            made = made.exclude(Exists(rows.filter(_counts(relation))))
    rendering = RenderJob.objects.running().filter(owner=OuterRef("owner"), started_at__lte=OuterRef("created_at"))
    # What a render that is still running has stored, however slow the storage is.
    return made.exclude(Exists(rendering))


def _counts(relation: models.ManyToOneRel) -> Q:
    """Which of the rows that refer to a file by the relation still need it."""
    if relation.related_model is Video:
        return Q(deleted_at=None)
    if relation.related_model is not RenderJob:
        return Q()
    continued = Exists(RenderJob.objects.active().filter(continues=OuterRef("pk")))
    needed = Q(video__deleted_at=None)
    if relation.field.name == "checkpoint":
        needed &= ~(Q(purpose=RenderJob.Purpose.PREVIEW) & Q(Exists(_newer_previews())))
    return needed | Q(continued)


def _newer_previews() -> models.QuerySet[RenderJob]:
    """Those that took the place of a preview, whose frames nobody approves any more."""
    return RenderJob.objects.filter(
        video=OuterRef("video"),
        pk__gt=OuterRef("pk"),
        purpose=RenderJob.Purpose.PREVIEW,
        status=RenderJob.Status.COMPLETED,
        checkpoint__isnull=False,
    )
