"""Likes and views: counted where they are shown, by statements that stand any number at once."""

from __future__ import annotations

import hashlib

from django.core.cache import cache
from django.db import transaction
from django.db.models import F

from accounts.models import User
from gallery.models import GalleryItem, GalleryLike

# One person who comes back within this time is still the same view.
VIEW_SECONDS = 3600


@transaction.atomic
def like(*, item: GalleryItem, user: User) -> int:
    """Like the item; again changes nothing. Answers its likes."""
    # The unique constraint decides between two at once; only the one that inserts counts.
    _, created = GalleryLike.objects.get_or_create(item=item, user=user)
    return _count(item, int(created))


@transaction.atomic
def unlike(*, item: GalleryItem, user: User) -> int:
    """Take the like back; without one nothing changes. Answers the item's likes."""
    deleted, _ = GalleryLike.objects.filter(item=item, user=user).delete()
    return _count(item, -deleted)


def has_liked(*, item: GalleryItem, user: User) -> bool:
    return GalleryLike.objects.filter(item=item, user=user).exists()


def record_view(*, item: GalleryItem, viewer: str) -> bool:
    """Count a view unless the viewer (any text that tells people apart) was counted within the last hour."""
    digest = hashlib.sha256(viewer.encode()).hexdigest()[:32]
    if not cache.add(f"gallery:view:{item.pk}:{digest}", 1, timeout=VIEW_SECONDS):
        return False
    GalleryItem.objects.filter(pk=item.pk).update(views=F("views") + 1)
    return True


def _count(item: GalleryItem, change: int) -> int:
    if change:
        GalleryItem.objects.filter(pk=item.pk).update(likes=F("likes") + change)
    return GalleryItem.objects.values_list("likes", flat=True).get(pk=item.pk)
