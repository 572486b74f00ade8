"""What moderators look at before they decide: what waits, and who published it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from django.db.models import Count, Q

from accounts.models import AuditEntry, User
from gallery.models import GalleryItem, GalleryReport
from gallery.services.moderation import EVENTS

WAITING = 200
"""The oldest open reports that the queue is made of; the next follow as these are decided."""
HISTORY = 20
"""The newest items and decisions of a publisher that are shown."""


class WaitingRow(TypedDict):
    item_id: int
    title: str
    owner_name: str
    moderation: str
    reports: int
    reasons: list[str]
    since: datetime


def waiting() -> list[WaitingRow]:
    """Items with open reports, by the oldest of these."""
    found: dict[int, WaitingRow] = {}
    open_reports = GalleryReport.objects.filter(resolved_at=None).select_related("item").order_by("id")
    for report in open_reports[:WAITING]:
        item = report.item
        row = found.setdefault(
            item.pk,
            {
                "item_id": item.pk, "title": str(item), "owner_name": item.owner_name, "reports": 0, "reasons": [],
                "moderation": item.moderation, "since": report.created_at,
            },
        )  # fmt: skip
        row["reports"] += 1
        if report.reason not in row["reasons"]:
            row["reasons"].append(report.reason)
    return list(found.values())


class PublisherRow(TypedDict):
    published: int
    hidden: int
    removed: int
    upheld: int
    """Reports that moderators agreed with."""
    dismissed: int
    items: Sequence[GalleryItem]
    decisions: Sequence[AuditEntry]


def publisher(owner: User) -> PublisherRow:
    """What somebody published, and what moderators decided about it."""
    states = GalleryItem.Moderation
    items = GalleryItem.objects.filter(owner=owner)
    counts = items.aggregate(
        published=Count("pk"),
        hidden=Count("pk", filter=Q(moderation=states.HIDDEN)),
        removed=Count("pk", filter=Q(moderation=states.REMOVED)),
    )
    outcomes = GalleryReport.Outcome
    reports = GalleryReport.objects.filter(item__in=items).aggregate(
        upheld=Count("pk", filter=Q(outcome__in=(outcomes.HIDDEN, outcomes.REMOVED))),
        dismissed=Count("pk", filter=Q(outcome=outcomes.DISMISSED)),
    )
    decided = AuditEntry.objects.filter(subject=owner, event__in=EVENTS.values()).select_related("actor")
    return {
        "published": counts["published"], "hidden": counts["hidden"], "removed": counts["removed"],
        "upheld": reports["upheld"], "dismissed": reports["dismissed"],
        "items": list(items.order_by("-id")[:HISTORY]), "decisions": list(decided.order_by("-id")[:HISTORY]),
    }  # fmt: skip
