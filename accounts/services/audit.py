"""The audit log: who did what, to whom, when and from where."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from accounts.models import AuditEntry, User


@dataclass(frozen=True)
class Device:
    """Where a request comes from."""

    user_agent: str = ""
    address: str | None = None


current_device: ContextVar[Device | None] = ContextVar("current_device", default=None)
"""Of the request in hand (``accounts.middleware``); None in tasks and commands."""


def record(event: str, *, actor: User | None = None, subject: User | None = None, **detail: object) -> AuditEntry:
    """Write one entry. ``subject`` defaults to the actor; ``detail`` holds no secrets."""
    device = current_device.get() or Device()
    return AuditEntry.objects.create(
        event=event,
        actor=actor,
        subject=subject or actor,
        address=device.address,
        user_agent=device.user_agent[:255],
        detail=detail,
    )
