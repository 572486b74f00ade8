"""Effects: find, keep, delete, count their use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import F

from config.api.errors import NotFound, ValidationFailed
from config.api.freshness import outdate
from config.platform.links import own_path
from effects.models import Effect
from effects.services.checks import check_effect, unique_slug

LIST = "effects"
"""The name under which the public list's freshness is kept."""


def find_effect(*, effect_id: int) -> Effect:
    """The effect that a request uses, with its category.

    Raises ValidationFailed for an id that never existed, NotFound for an effect that is deleted or switched off.
    """
    effect = Effect.objects.filter(pk=effect_id).select_related("category").first()
    if effect is None:
        raise _unknown()
    if not effect.is_offered:
        raise NotFound("Effect not found")
    return effect


def check_effect_id(effect_id: int) -> None:
    """Raises ValidationFailed for an id that never existed."""
    if not Effect.objects.filter(pk=effect_id).exists():
        raise _unknown()


def find_for_staff(effect_id: int) -> Effect:
    """An effect that was not deleted. Raises NotFound."""
    effect = Effect.objects.filter(pk=effect_id, deleted_at=None).first()
    if effect is None:
        raise NotFound("Effect not found")
    return effect


def create_effect(*, values: Mapping[str, object]) -> Effect:
    """A new effect. Raises ValidationFailed, also for a slug that a deleted effect still has."""
    effect = Effect(**_settled(values))
    check_effect(effect)
    with unique_slug():
        effect.save(force_insert=True)
    outdate(LIST)
    return effect


def update_effect(effect: Effect, *, changes: Mapping[str, object]) -> Effect:
    """Raises ValidationFailed as ``create_effect`` does; then nothing has changed."""
    for name, value in _settled(changes).items():
        setattr(effect, name, value)
    check_effect(effect)
    with unique_slug():
        # These columns alone: what others change at the same time, a deletion above all, stays theirs.
        effect.save(update_fields=[*changes, "updated_at"])
    outdate(LIST)
    return effect


def delete_effect(effect: Effect) -> Effect:
    """Out of the catalogue; the row stays for the videos made with it."""
    effect.mark_deleted()
    effect.save(update_fields=["deleted_at", "updated_at"])
    outdate(LIST)
    return effect


def restore_effect(effect_id: int) -> Effect:
    """Back into the catalogue; one that was not deleted stays as it is. Raises NotFound."""
    effect = Effect.objects.filter(pk=effect_id).first()
    if effect is None:
        raise NotFound("Effect not found")
    if effect.is_deleted:
        effect.deleted_at = None
        effect.save(update_fields=["deleted_at", "updated_at"])
        outdate(LIST)
    return effect


def record_use(effect_id: int) -> None:
    """One more use, whoever else counts at the same time."""
    Effect.objects.filter(pk=effect_id).update(use_count=F("use_count") + 1)


def _unknown() -> ValidationFailed:
    return ValidationFailed({"effect_id": ["The selected effect id is invalid."]})


def _settled(values: Mapping[str, Any]) -> dict[str, object]:
    """Addresses of our own files are kept as paths: what the API answered may come back as it was."""
    addresses = {name: own_path(values[name]) for name in ("thumbnail_url", "preview_video_url") if values.get(name)}
    return {**values, **addresses}
