"""What the gallery holds of a user: shown in an export, and gone with the account."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import F

from accounts.data_holders import Holder, Section, rows_naming
from accounts.models import User
from config.api.freshness import outdate
from gallery.models import GalleryItem, GalleryLike, GalleryReport
from gallery.services.viewing import LIST


def shown_rows(user: User) -> Iterator[Section]:
    """Items, likes and complaints of the user; what a moderator decided about others is not the moderator's own."""
    return rows_naming(user, "gallery", leave_out={"GalleryItem.moderated_by", "GalleryReport.resolved_by"})


def erase_items(user: User) -> None:
    """Remove items, with what others made of them, and likes. Complaints stay for the moderators, without words."""
    GalleryItem.objects.filter(owner=user).delete()
    likes = GalleryLike.objects.filter(user=user)
    GalleryItem.objects.filter(pk__in=likes.values("item")).update(likes=F("likes") - 1)
    likes.delete()
    GalleryReport.objects.filter(user=user).update(details="")
    outdate(LIST)


HOLDER = Holder(rows=shown_rows, erase=erase_items)
