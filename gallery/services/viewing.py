"""What visitors of the gallery read."""

from __future__ import annotations

from typing import Annotated, TypedDict

from config.api.errors import NotFound
from gallery.models import GalleryItem
from gallery.rows import EffectNameRow
from studio.services.blocked_phrases import refuse_blocked
from studio.services.videos.said import said_by_payload

LIST = "gallery"
"""The name under which the list's freshness is kept."""


def find_item(item_id: int) -> GalleryItem:
    """A public item. Raises NotFound, also for one that is unpublished, hidden or removed."""
    item = GalleryItem.objects.public().filter(pk=item_id).first()
    if item is None:
        raise NotFound("Gallery video not found")
    return item


class RemixRow(TypedDict):
    effect: EffectNameRow | None
    type: str
    parameters: Annotated[dict[str, object], "For POST /api/generate, when there is no effect."]
    input_payload: Annotated[dict[str, object], "For POST /api/ai-jobs with the effect."]


def remix(item: GalleryItem) -> RemixRow:
    """The settings to make one's own video like this one.

    With an effect, ``input_payload`` is what was configured of it; without, ``parameters`` are those of
    ``POST /api/generate``. Raises NotFound when the effect is no longer offered, DomainError
    ``prompt_refused`` when the block-list has what the video says.
    """
    effect = item.effect
    if item.effect_slug and (effect is None or not effect.is_offered):
        raise NotFound("The effect of this video is no longer offered", code="effect_gone")
    refuse_blocked(
        said_by_payload(item.recipe["parameters"], "parameters"), said_by_payload(item.recipe["input_payload"])
    )
    return {
        "effect": {"id": effect.pk, "name": effect.name, "slug": effect.slug} if effect else None,
        "type": item.recipe["type"],
        "parameters": item.recipe["parameters"],
        "input_payload": item.recipe["input_payload"],
    }
