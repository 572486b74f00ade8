"""Complaints, and what moderators decide."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from config.api.freshness import outdate
from gallery.models import GalleryItem, GalleryReport
from gallery.services.viewing import LIST


def report(*, item: GalleryItem, user: User, reason: str, details: str = "") -> GalleryReport:
    """Complain about an item. A second complaint of the same user replaces the first, and opens it again."""
    found, _ = GalleryReport.objects.update_or_create(
        item=item, user=user, defaults={"reason": reason, "details": details, "resolved_at": None}
    )
    return found


@transaction.atomic
def moderate(item: GalleryItem, *, to: str, moderator: User, note: str = "") -> GalleryItem:
    """Decide about an item, which settles its reports; whoever asks from now on sees the decision.

    ``hidden`` can be undone and waits for a decision, ``removed`` can't be published again by its owner.
    """
    item.moderation = GalleryItem.Moderation(to)
    item.moderation_note = note
    item.moderated_by = moderator
    item.moderated_at = timezone.now()
    item.save(update_fields=["moderation", "moderation_note", "moderated_by", "moderated_at"])
    item.reports.filter(resolved_at=None).update(resolved_at=item.moderated_at)
    outdate(LIST)
    return item
