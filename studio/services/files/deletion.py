"""Which files go with a video: those that nothing else refers to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db import models, transaction
from django.db.models import ProtectedError

from effects.services import payload_file_ids
from studio.models import MediaFile, RenderJob, Video
from studio.services.files.blobs import note_keys


def release_files(video: Video) -> dict[str, str]:
    """In the transaction that deletes a video: take its files' names away. Answers the blobs that may go, for
    ``blobs.drop_unnamed`` once the transaction is through.

    A file stays when another video, a message, a ticket or whatever else refers to it, or when a render that still
    runs goes on from it. The rows of what the gallery has shown stay without content.
    """
    jobs = RenderJob.objects.filter(video=video)
    ids = {getattr(video, f"{name}_id") for name in Video.FILES} | payload_file_ids(video.effect, video.input_payload)
    ids.update(pk for row in jobs.values_list(*RenderJob.FILES) for pk in row)
    ids.discard(None)
    # Locked first, so that nobody begins to refer to one while it goes.
    own = MediaFile.objects.filter(pk__in=ids, owner_id=video.owner_id).select_for_update(of=("self",)).order_by("pk")
    own_files = list(own)
    needed = _needed(ids, video)
    return remove_rows([file for file in own_files if file.pk not in needed])


def remove_rows(files: Sequence[MediaFile]) -> dict[str, str]:
    """Delete the locked rows of files that nothing needs, as :func:`release_files` does; answers their blobs."""
    freed = [file.pk for file in files]
    for model, names in ((RenderJob, RenderJob.FILES), (Video, Video.FILES)) if freed else ():
        for name in names:
            model._base_manager.filter(**{f"{name}__in": freed}).update(**{name: None})
    for file in files:
        try:
            with transaction.atomic():
                MediaFile.objects.filter(pk=file.pk).delete()
        except ProtectedError:
            MediaFile.objects.filter(pk=file.pk).update(
                status=MediaFile.Status.REJECTED, rejection="Deleted by its owner.", storage_key="", sha256="", size=0
            )
    keys = {file.storage_key: file.sha256 for file in files if file.storage_key}
    note_keys(keys)
    return keys


def _needed(ids: Iterable[int], video: Video) -> set[int]:
    """Those of the files that something beside the video refers to."""
    needed: set[int] = set()
    for relation in MediaFile._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ManyToManyRel | models.ManyToOneRel):
            continue
        name = relation.field.name
        rows = relation.related_model._base_manager.filter(**{f"{name}__in": ids})
        if relation.related_model is Video:
            rows = rows.exclude(pk=video.pk).filter(deleted_at=None)
        elif relation.related_model is RenderJob:
            others = models.Q(video__deleted_at=None) & ~models.Q(video=video)
            rows = rows.filter(others | models.Q(pk__in=_continued(video)))
        elif any(field.name == "video" for field in relation.related_model._meta.get_fields()):
            rows = rows.exclude(video=video)
        needed.update(rows.values_list(name, flat=True))
    configured = Video.objects.filter(owner_id=video.owner_id, deleted_at=None).exclude(pk=video.pk)
    for other in configured.exclude(input_payload={}).select_related("effect").iterator():
        needed |= payload_file_ids(other.effect, other.input_payload)
    return needed


def _continued(video: Video) -> models.QuerySet[RenderJob, Mapping[str, object]]:
    """The video's renders that another video's unfinished render goes on from."""
    return RenderJob.objects.active().filter(continues__video=video).exclude(video=video).values("continues")
