"""The decisions that moderators take, as the acts of an item's page and the choices of the queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from django import forms

from accounts.models import User
from config.staff_acts import Act, ReasonForm, Values
from gallery import services
from gallery.models import GalleryItem

DISMISS, BAN = "dismiss", "ban"


class Decision(NamedTuple):
    title: str
    about: str
    key: str
    """What chooses it in the queue."""
    to: str = ""
    """How the item is moderated then; empty: as before."""
    danger: bool = False


DECISIONS: Mapping[str, Decision] = {
    "hide": Decision("Hide", "Out of the gallery until somebody decides otherwise.", "h", "hidden", danger=True),
    "remove": Decision("Remove", "Out of the gallery for good: its owner can't show it again.", "x", "removed", True),
    "restore": Decision("Show", "In the gallery, as far as its owner publishes it.", "v", "visible"),
    BAN: Decision(
        "Ban", "Block the publisher, remove this video, hide all others of theirs.", "b", "removed", danger=True
    ),
    DISMISS: Decision("Dismiss", "The reports are unfounded; the video stays as it is.", "d"),
}


def decide(decision: str, *, item: GalleryItem, by: User, reason: str, seen: str | None) -> str:
    """Take it, through the service; answers what was done. Raises DomainError."""
    if decision == DISMISS:
        settled = services.dismiss(item, moderator=by, reason=reason, seen=seen)
        return f"{settled} report{'s' if settled != 1 else ''} about {item} dismissed."
    if decision == BAN:
        hidden = services.ban(item, moderator=by, reason=reason, seen=seen)
        return f"{item.owner} is blocked; {item} is removed, {hidden} more hidden."
    services.moderate(item, to=DECISIONS[decision].to, moderator=by, note=reason, seen=seen)
    return f"{item} is {item.moderation} now."


class DecisionForm(ReasonForm):
    """Asks why, and remembers what the moderator looked at."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def begin(self) -> None:
        # Of several rows at once nobody has looked at each.
        if self.row is not None:
            self.initial.setdefault("seen", services.version_of(self.row))

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        if self.row is None:
            return
        # Whoever was told what happened meanwhile decides anew, with what was typed.
        self.data = cast(Any, self.data).copy()
        self.data["seen"] = services.version_of(GalleryItem.objects.get(pk=self.row.pk))  # type: ignore[index]


def _act(verb: str, decision: Decision) -> Act:
    def do(staff: User, item: GalleryItem, values: Values) -> str:
        return decide(verb, item=item, by=staff, reason=values["reason"], seen=values["seen"] or None)

    def possible(staff: User, item: GalleryItem) -> bool:
        if verb == BAN:
            return item.owner.is_active and staff.pk != item.owner_id
        waits = item.reports.filter(resolved_at=None).exists()
        return waits if verb == DISMISS else waits or item.moderation != decision.to

    return Act(
        verb, decision.title, "gallery.change_galleryitem", do, DecisionForm, decision.about, possible, decision.danger
    )


ACTS = tuple(_act(verb, decision) for verb, decision in DECISIONS.items())
