"""Complaints, and what moderators decide: each decision with its reason, under a lock, and in the audit log."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from accounts.services import block_user, find_user
from accounts.services.audit import record
from accounts.services.authority import check_authority
from config.api.errors import Conflict, DomainError, Forbidden
from config.api.freshness import outdate
from config.api.why import check_reason
from gallery.models import GalleryItem, GalleryReport
from gallery.services.viewing import LIST

Moderation = GalleryItem.Moderation
EVENTS: Final = {
    "visible": "gallery_item_restored",
    "hidden": "gallery_item_hidden",
    "removed": "gallery_item_removed",
    "dismissed": "gallery_reports_dismissed",
}
"""In the audit log."""


def report(*, item: GalleryItem, user: User, reason: str, details: str = "") -> GalleryReport:
    """Complain about an item. A second complaint of the same user replaces the first, and opens it again."""
    opened = {"resolved_at": None, "resolved_by": None, "outcome": "", "resolution": ""}
    found, _ = GalleryReport.objects.update_or_create(
        item=item, user=user, defaults={"reason": reason, "details": details, **opened}
    )
    return found


@transaction.atomic
def moderate(item: GalleryItem, *, to: str, moderator: User, note: str, seen: str | None = None) -> GalleryItem:
    """Decide about an item, which settles its reports; whoever asks from now on sees the decision.

    ``hidden`` can be undone and waits for a decision, ``removed`` can't be published again by its owner. note: why;
    seen: the ``version_of`` the item that the moderator looked at. Raises ValidationFailed naming ``reason``,
    DomainError ``decided_meanwhile`` (409) when somebody else has decided since, and ``already_moderated`` (409) for
    what it is already while nobody complains.
    """
    note = check_reason(note)
    before = _lock(item, seen)
    open_reports = item.reports.filter(resolved_at=None)
    if before == to and item.moderated_at is not None and not open_reports.exists():
        raise DomainError("already_moderated", f"This video is {Moderation(to).label.lower()} already.", 409)
    item.moderation = Moderation(to)
    item.moderation_note = note
    item.moderated_by = moderator
    item.moderated_at = timezone.now()
    item.save(update_fields=["moderation", "moderation_note", "moderated_by", "moderated_at"])
    _settle(item, moderator, before=before, outcome=to, why=note)
    outdate(LIST)
    return item


@transaction.atomic
def dismiss(item: GalleryItem, *, moderator: User, reason: str, seen: str | None = None) -> int:
    """The complaints are unfounded: the item stays as it is. Answers how many there were.

    Raises as ``moderate``, and DomainError ``no_open_reports`` (409).
    """
    reason = check_reason(reason)
    before = _lock(item, seen)
    if not item.reports.filter(resolved_at=None).exists():
        raise DomainError("no_open_reports", "No report about this video waits for a decision.", 409)
    return _settle(item, moderator, before=before, outcome=GalleryReport.Outcome.DISMISSED, why=reason)


def ban(item: GalleryItem, *, moderator: User, reason: str, seen: str | None = None) -> int:
    """Block the publisher of an item, which is removed; what else they have in the gallery is hidden.

    Answers how many others were hidden; each can be shown again by itself. Call it in no transaction. Raises as
    ``moderate``, and before anything changed as ``block_user``.
    """
    reason = check_reason(reason)
    owner = find_user(item.owner_id)
    if owner.pk == moderator.pk:
        raise Forbidden("Nobody does this to the own account")
    check_authority(moderator, owner)
    if not owner.is_active:
        raise Conflict("This user is blocked already, or the account has ended")
    hidden = _withdraw_all(item, moderator, reason, seen)
    # Its locks come before those of items. Should this process die here, the ban is still offered.
    block_user(user=owner, by=moderator, reason=reason)
    return hidden


@transaction.atomic
def _withdraw_all(item: GalleryItem, moderator: User, reason: str, seen: str | None) -> int:
    before = _lock(item, seen)
    others = GalleryItem.objects.public().filter(owner=item.owner_id).exclude(pk=item.pk)
    decision = {"moderation_note": reason, "moderated_by": moderator, "moderated_at": timezone.now()}
    hidden = others.update(moderation=Moderation.HIDDEN, **decision)
    item.moderation = Moderation.REMOVED
    for name, value in decision.items():
        setattr(item, name, value)
    item.save(update_fields=["moderation", *decision])
    _settle(item, moderator, before=before, outcome=Moderation.REMOVED, why=reason, hidden=hidden)
    outdate(LIST)
    return hidden


def version_of(item: GalleryItem) -> str:
    """Changes with every decision about the item or the reports about it."""
    last = item.reports.aggregate(last=Max("resolved_at"))["last"]
    return " ".join([str(item.moderation), *(at.isoformat() if at else "-" for at in (item.moderated_at, last))])


def _lock(item: GalleryItem, seen: str | None) -> str:
    """Lock the item and read it anew; answers how it is moderated."""
    # Its owner may be publishing it again, and another moderator deciding.
    locked = GalleryItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
    for name in ("moderation", "moderation_note", "moderated_at", "moderated_by_id"):
        setattr(item, name, getattr(locked, name))
    if seen is not None and seen != version_of(locked):
        raise DomainError("decided_meanwhile", _decision(locked), 409)
    return str(locked.moderation)


def _decision(item: GalleryItem) -> str:
    """Who decided what about the item last, for whoever comes second."""
    dismissed = item.reports.filter(outcome=GalleryReport.Outcome.DISMISSED, resolved_at__isnull=False)
    if item.moderated_at is not None:
        dismissed = dismissed.filter(resolved_at__gt=item.moderated_at)
    last = dismissed.select_related("resolved_by").order_by("-resolved_at").first()
    if last is not None:
        who, what, why = last.resolved_by, "the reports are dismissed", last.resolution
    else:
        who, what, why = item.moderated_by, f"the video is {item.moderation}", item.moderation_note
    return f"{who.name if who else 'Somebody'} has decided meanwhile: {what}{f' ({why})' if why else ''}."


def _settle(item: GalleryItem, moderator: User, *, before: str, outcome: str, why: str, **more: object) -> int:
    """Settle the open reports, and write the decision down."""
    settled = item.reports.filter(resolved_at=None).update(
        resolved_at=timezone.now(), resolved_by=moderator, outcome=outcome, resolution=why
    )
    record(
        EVENTS[str(outcome)], actor=moderator, subject=item.owner, item_id=item.pk, before=before,
        after=str(item.moderation), reports=settled, reason=why, **more,
    )  # fmt: skip
    return settled
