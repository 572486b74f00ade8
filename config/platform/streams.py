"""Answers that stay open: what a view allows, and what ends it.

A view answers what happened so far, and attaches a :class:`Ticket`: leave to follow a log from there on. Whoever serves
the request may hand the connection to the event server with it (``config.front.handover``); who can't sends the answer.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from config.platform.event_text import encode, ready
from config.platform.events import Page
from config.platform.hooks import hook


class Followed(NamedTuple):
    """Who follows what: the log's name, the user, and the login that may."""

    log: str
    user_id: int
    session_id: str


@dataclass(frozen=True)
class Ticket:
    """after: the place in the log from where on; None: from its end. expires_at: Unix time. opening: sent first."""

    followed: Followed
    after: str | None
    expires_at: float
    opening: bytes


@dataclass(frozen=True)
class Told:
    """What somebody who asks for a log is told at once.

    after: the client's own place. page: what happened since, None while nobody knows. first: what comes before that.
    """

    log: str
    after: str | None
    page: Page | None
    first: bytes

    def plainly(self) -> bytes:
        """The whole answer, where it can't stay open."""
        return self.first + ready(live=False) + (encode(self.page) if self.page else b"")

    def opening(self) -> bytes:
        """The start of one that stays open; what happened comes from whoever holds it."""
        return self.first + ready(live=True) + (encode(self.page) if self.page and self.page.missed else b"")

    def place(self) -> str | None:
        """Where the client is after the opening."""
        moved = self.page is not None and (self.page.missed or self.after is None)
        return self.page.last if self.page is not None and moved else self.after


@hook
def no_longer_followed(streams: Collection[Followed]) -> Collection[Followed]:
    """Called with all open streams every few seconds, over all tenants; answers those that must end."""
    raise NotImplementedError
