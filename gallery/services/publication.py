"""Into the gallery, and out of it."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from config.api.errors import DomainError
from config.api.freshness import outdate
from effects.properties import read_properties
from gallery.models import GalleryItem
from gallery.services.viewing import LIST
from studio.models import RenderJob, Video
from studio.services.videos.shared_parameters import shared_parameters
from tenants import runtime

_DESCRIBED = (
    "owner", "owner_name", "title", "effect", "effect_name", "effect_slug", "category", "category_name", "tags",
    "keywords", "processed_file", "thumbnail_file", "poster_file", "width", "height", "duration", "recipe",
)  # fmt: skip
"""What ``_describe`` sets."""


@transaction.atomic
def publish(video: Video) -> GalleryItem:
    """Show a completed video to everybody; publishing again keeps the date and takes over what has changed.

    Call it in the scope of the video's tenant. Raises DomainError ``switched_off``, ``not_completed``,
    and ``removed_by_moderators`` for a video that moderators took out for good.
    """
    runtime.require("GALLERY_OPEN")
    # As it is now, and one publication of it at a time.
    video = Video.objects.select_for_update(of=("self",)).select_related("owner", "effect__category").get(pk=video.pk)
    if video.status != Video.Status.COMPLETED or video.output is None:
        raise DomainError(
            "not_completed",
            "Only a completed video can be published.",
            data={"status": ["The video is not completed."]},
        )
    # Moderators may be deciding about it.
    kept = GalleryItem.objects.select_for_update().filter(video=video).first()
    item = kept or GalleryItem(video=video)
    if item.moderation == GalleryItem.Moderation.REMOVED:
        raise DomainError("removed_by_moderators", "Moderators have removed this video from the gallery.")
    _describe(item, video)
    item.published_at = item.published_at or timezone.now()
    if kept is None:
        item.save(force_insert=True)
    else:
        item.save(update_fields=[*_DESCRIBED, "published_at"])
    outdate(LIST)
    item.video = video
    return item


def publication_date() -> F:
    """When a video was published, as an expression over videos."""
    return F("gallery_item__published_at")


def refresh(video: Video) -> None:
    """Take over a changed title; a video that was never published needs nothing."""
    if GalleryItem.objects.filter(video=video).update(title=video.title):
        outdate(LIST)


def unpublish(video: Video) -> None:
    """Out of the gallery; the row keeps likes and moderation for another publication. Harmless when not published."""
    if GalleryItem.objects.filter(video=video, published_at__isnull=False).update(published_at=None):
        outdate(LIST)


def _describe(item: GalleryItem, video: Video) -> None:
    """Copy what the gallery shows of the video."""
    output, job, effect = video.output, _final_render(video), video.effect
    assert output is not None, "a completed video has an output"
    category = effect.category if effect else None
    item.owner_id, item.owner_name = video.owner_id, video.owner.name
    item.title = video.title
    item.effect = effect
    item.effect_name, item.effect_slug = (effect.name, effect.slug) if effect else ("", "")
    item.category = category
    item.category_name = category.name if category else ""
    item.tags = list(effect.tags) if effect else []
    item.keywords = " ".join([*item.tags, item.category_name])
    item.processed_file = output
    item.thumbnail_file = (job.thumbnail or job.still) if job else None
    item.poster_file = job.poster if job else None
    item.width, item.height, item.duration = output.width, output.height, output.duration
    item.recipe = _recipe(video)


def _recipe(video: Video) -> dict[str, object]:
    """What a remix starts from. The template of an effect is the studio's: then only what was configured is told."""
    effect = video.effect
    if effect is None:
        return {"type": video.type, "parameters": shared_parameters(video), "input_payload": {}}
    shared = {item.key for item in read_properties(effect.offered_properties) if item.type in ("text", "number")}
    payload = {key: value for key, value in video.input_payload.items() if key in shared}
    return {"type": video.type, "parameters": {}, "input_payload": payload}


def _final_render(video: Video) -> RenderJob | None:
    finals = video.jobs.filter(purpose=RenderJob.Purpose.FINAL, status=RenderJob.Status.COMPLETED)
    return finals.select_related("thumbnail", "still", "poster").order_by("-id").first()
