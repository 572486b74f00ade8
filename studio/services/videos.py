"""Videos: find, preview, approve, rename, delete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from config.api.errors import DomainError, Forbidden, NotFound
from studio.hooks import video_changed, video_deleted
from studio.models import RenderJob, Video
from studio.requests.parsing import build, restore
from studio.services.animation_settings import with_overrides
from studio.services.blobs import drop_unnamed
from studio.services.deletion import release_files
from studio.services.effect_requests import effect_request
from studio.services.jobs import cancel_video, submit_render
from studio.services.plans import extended_job
from tenants.scope import all_tenants


def find_video(*, user: User, video_id: int) -> Video:
    """The user's own video. Another tenant's does not exist; a colleague's is forbidden."""
    related = ("source", "soundtrack", "output", "effect", "gallery_item")
    video = Video.objects.filter(pk=video_id, deleted_at=None).select_related(*related).first()
    if video is None:
        raise NotFound("Video not found")
    if video.owner_id != user.pk:
        raise Forbidden("This video belongs to another user", code="not_owner")
    return video


def find_video_as_staff(*, user: User, video_id: int) -> Video:
    """The user's own video, or anybody's for an administrator."""
    if not user.is_administrator:
        return find_video(user=user, video_id=video_id)
    with all_tenants():
        video = Video.objects.filter(pk=video_id).select_related("source", "soundtrack", "output").first()
    if video is None:
        raise NotFound("Video not found")
    return video


def preview_video(*, user: User, video: Video | None, type: Video.Type, parameters: dict[str, Any]) -> RenderJob:
    """Queue a preview of checked parameters. Without a video, a Deforum one is made from the prompt alone, or from what
    it extends.
    """
    request = build(type if video is None else video.type, parameters)
    if video is None:
        # Its settings may name what the extended one was made from.
        extended = extended_job(user, request)
        source = extended.video.source if extended else None
        video = Video.objects.create(tenant_id=user.tenant_id, owner=user, type=type, source=source)
    return submit_render(
        video=video, user=user, purpose=RenderJob.Purpose.PREVIEW, request=request, effect=video.effect
    )


def finalize_video(*, user: User, video: Video, overrides: dict[str, Any]) -> RenderJob:
    """Approve: queue the full render with the parameters (and seed) of the preview, some replaced by checked ones.

    A video that has waited for its effect alone gets the effect's parameters.
    """
    if video.status == Video.Status.COMPLETED:
        raise DomainError("already_finished", "This video is finished; generate a new preview first.")
    if not video.parameters and video.effect is not None and video.effect.is_offered:
        approved = effect_request(video.effect, video.input_payload)
    else:
        replaced = overrides.keys() - {"schedules"}
        approved = restore(video.type, {name: v for name, v in video.parameters.items() if name not in replaced})
    return submit_render(
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
        withdraw_video(video)
        keys = release_files(video)
    drop_unnamed(keys)


@transaction.atomic
def withdraw_video(video: Video) -> None:
    """Out of sight, out of the gallery, and no longer rendered."""
    cancel_video(video)
    Video.objects.filter(pk=video.pk).update(deleted_at=timezone.now())
    video_deleted(video)


def finished_jobs(videos: list[Video]) -> dict[int, RenderJob]:
    """The newest completed final render of each video, in one query; its pictures come along."""
    found = (
        RenderJob.objects.filter(video__in=videos, purpose=RenderJob.Purpose.FINAL, status=RenderJob.Status.COMPLETED)
        .order_by("video_id", "-id")
        .distinct("video_id")
        .select_related("poster", "thumbnail", "sprite")
    )
    return {job.video_id: job for job in found}


def newest_jobs(videos: Sequence[Video]) -> dict[int, RenderJob]:
    """The newest render of each video, in one query; related files come along."""
    found = (
        RenderJob.objects.filter(video__in=videos)
        .order_by("video_id", "-id")
        .distinct("video_id")
        .select_related("output", "still", "animation", "poster", "thumbnail", "sprite", "frame_table")
    )
    return {job.video_id: job for job in found}
