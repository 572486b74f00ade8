"""Videos: find, preview, approve, rename, delete."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.services.profiles import lock_user
from config.api.errors import DomainError, Forbidden, NotFound
from studio.hooks import video_changed, video_deleted, video_published
from studio.models import FrameRecord, RenderJob, Video
from studio.requests.parsing import build, restore
from studio.services.files.blobs import drop_unnamed
from studio.services.files.deletion import release_files
from studio.services.jobs.lifecycle import cancel_video
from studio.services.videos.animation_settings import with_overrides
from studio.services.videos.effect_requests import effect_request
from studio.services.videos.plans import extended_job
from studio.services.videos.prepared import PreparedRender, prepare_render
from tenants.scope import all_tenants

_LINK = ("kind", "storage_key")
_SHOWN_OF_A_VIDEO = (
    "tenant_id", "owner_id", "type", "status", "parameters", "error", "created_at", "updated_at",
)  # fmt: skip
_LINKED = tuple(name for name in RenderJob.FILES if name != "checkpoint")
_SHOWN = (
    "video_id", "owner_id", "model_file_id", "purpose", "status", "queue", "provider", "priority", "not_before",
    "progress", "frames_done", "frames_total", "eta_seconds", "queued_at", "started_at", "finished_at", "plan",
)  # fmt: skip


def find_video(*, user: User, video_id: int) -> Video:
    """The user's own video. Another tenant's does not exist; a colleague's is forbidden."""
    related = ("source", "soundtrack", "output", "effect")
    return _owned(Video.objects.select_related(*related), user, video_id)


def shown_videos() -> QuerySet[Video]:
    """Videos as document A shows them, with what it shows of their files and nothing else."""
    files = {
        "source": (*_LINK, "fps", "frame_count", "duration", "width", "height"),
        "soundtrack": _LINK,
        "output": _LINK,
    }
    columns = (f"{name}__{column}" for name, names in files.items() for column in names)
    return Video.objects.select_related(*files).only(*_SHOWN_OF_A_VIDEO, *columns)


def with_publication(videos: QuerySet[Video]) -> QuerySet[Video]:
    """The same with ``published_at``: null of videos that are not in the gallery."""
    (published_at,) = video_published().values()
    return videos.annotate(published_at=published_at)


def _owned(videos: QuerySet[Video], user: User, video_id: int) -> Video:
    video = videos.filter(pk=video_id, deleted_at=None).first()
    if video is None:
        raise NotFound("Video not found")
    if video.owner_id != user.pk:
        raise Forbidden("This video belongs to another user", code="not_owner")
    return video


def find_video_as_staff(*, user: User, video_id: int) -> Video:
    """The user's own video, or anybody's for an administrator, to be shown."""
    if not user.is_administrator:
        return _owned(shown_videos(), user, video_id)
    with all_tenants():
        video = shown_videos().filter(pk=video_id).first()
    if video is None:
        raise NotFound("Video not found")
    return video


def prepare_preview(
    *, user: User, video: Video | None, type: Video.Type, parameters: dict[str, object]
) -> PreparedRender:
    """A preview of checked parameters. Without a video, a Deforum one is made from the prompt alone, or from what it
    extends.
    """
    request = build(type if video is None else video.type, parameters)
    if video is None:
        # Its settings may name what the extended one was made from.
        extended = extended_job(user, request)
        source = extended.video.source if extended else None
        video = Video(tenant_id=user.tenant_id, owner=user, type=type, source=source)
    return prepare_render(
        video=video, user=user, purpose=RenderJob.Purpose.PREVIEW, request=request, effect=video.effect
    )


def prepare_final(*, user: User, video: Video, overrides: dict[str, object]) -> PreparedRender:
    """Approve: the full render with the parameters (and seed) of the preview, some replaced by checked ones.

    A video that has waited for its effect alone gets the effect's parameters.
    """
    if video.status == Video.Status.COMPLETED:
        raise DomainError("already_finished", "This video is finished; generate a new preview first.")
    if not video.parameters and video.effect is not None and video.effect.is_offered:
        approved = effect_request(video.effect, video.input_payload)
    else:
        replaced = overrides.keys() - {"schedules"}
        approved = restore(video.type, {name: v for name, v in video.parameters.items() if name not in replaced})
    return prepare_render(
        video=video,
        user=user,
        purpose=RenderJob.Purpose.FINAL,
        request=with_overrides(approved, overrides),
        effect=video.effect,
    )


def rename_video(video: Video, *, title: str) -> Video:
    """A new title, in the gallery too."""
    video.title = title
    video.save(update_fields=["title", "updated_at"])
    video_changed(video)
    return video


def delete_video(video: Video) -> None:
    """As :func:`withdraw_video`, and its files are deleted, which frees the quota and ends their links; what happened
    to it (renders, prices) stays on record."""
    with transaction.atomic():
        # Its credits are let go before its files are locked, which a render that is asked for does the other way round.
        lock_user(video.owner_id)
        withdraw_video(video)
        FrameRecord.objects.filter(job__video=video).delete()
        keys = release_files(video)
    drop_unnamed(keys)


@transaction.atomic
def withdraw_video(video: Video) -> None:
    """Out of sight, out of the gallery, and no longer rendered."""
    cancel_video(video)
    Video.objects.filter(pk=video.pk).update(deleted_at=timezone.now())
    video_deleted(video)


def finished_jobs(video_ids: Sequence[int], *columns: str) -> dict[int, dict[str, object]]:
    """Columns, ``video_id`` among them, of the newest completed final render of each video, in one query."""
    finals = RenderJob.objects.filter(
        video_id__in=video_ids, purpose=RenderJob.Purpose.FINAL, status=RenderJob.Status.COMPLETED
    )
    newest = finals.order_by("video_id", "-id").distinct("video_id").values(*columns)
    return {row["video_id"]: row for row in newest}


def newest_jobs(videos: Sequence[Video]) -> dict[int, RenderJob]:
    """The newest render of each video, in one query; what links to its files need comes along.

    Nothing else is read of the files, nor what the API never shows: names of many columns are what takes the time.
    """
    found = (
        RenderJob.objects.filter(video__in=videos)
        .order_by("video_id", "-id")
        .distinct("video_id")
        .select_related(*_LINKED)
        .only(*_SHOWN, *(f"{name}__{column}" for name in _LINKED for column in _LINK))
    )
    return {job.video_id: job for job in found}
