"""Server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html. JSON has no line breaks."""

from __future__ import annotations

from config.platform.events import Page

RETRY_SECONDS = 2
"""After which a client asks again."""
HEARTBEAT = b":\n\n"
"""A comment: shows proxies and clients that a silent stream is alive."""


def retry() -> bytes:
    """When to come back."""
    return b"retry: %d\n\n" % (RETRY_SECONDS * 1000)


def ready(*, live: bool) -> bytes:
    """Whether the stream stays open, or is to be asked for again."""
    return event("ready", b'{"live":true}' if live else b'{"live":false}')


def event(kind: str, data: bytes, place: str | None = None) -> bytes:
    """data: JSON. place: where the client is in the log with it."""
    return (place_at(place) if place else b"") + b"event: %b\ndata: %b\n\n" % (kind.encode(), data)


def place_at(place: str) -> bytes:
    """The beginning of an event after which the client is there."""
    return b"id: %b\n" % place.encode()


def encode(page: Page) -> bytes:
    """All of a page; ``reset`` where something was missed."""
    if page.missed:
        return event("reset", b"{}", page.last)
    return b"".join(event(told.kind, told.data, told.id) for told in page.events)
