"""One client that follows a log: its socket, its place, and what it has not taken yet."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from config.platform.streams import Ticket

SEND_BUFFER_BYTES = 64 * 1024
"""What the kernel keeps for a client that does not read; by itself it would keep megabytes."""


class Stream:
    """drained: called when the client has taken what it lagged behind with. ended: called once, at the end."""

    __slots__ = ("_drained", "_ended", "_rest", "_socket", "expires_at", "followed", "place", "spoke_at", "stalled_at")

    def __init__(
        self,
        client: socket.socket,
        ticket: Ticket,
        *,
        drained: Callable[[Stream], None],
        ended: Callable[[Stream], None],
    ) -> None:
        self._socket, self._drained, self._ended = client, drained, ended
        self._rest = b""
        self.followed, self.expires_at = ticket.followed, ticket.expires_at
        self.place = ticket.after
        self.spoke_at = time.monotonic()
        self.stalled_at: float | None = None
        """Since when the client has not taken what it was sent; it is sent nothing more meanwhile."""
        with suppress(OSError):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def open(self) -> bool:
        return self._socket.fileno() >= 0

    def write(self, data: bytes) -> None:
        """Send what there is room for, and the rest when there is; only to one that is not stalled."""
        assert self.stalled_at is None
        self.spoke_at = time.monotonic()
        sent = self._send(data)
        if sent is not None and sent < len(data):
            self._rest, self.stalled_at = data[sent:], self.spoke_at
            asyncio.get_running_loop().add_writer(self._socket.fileno(), self._go_on)

    def end(self) -> None:
        """Close the connection; what the kernel has of it still arrives."""
        if not self.open:
            return
        if self.stalled_at is not None:
            asyncio.get_running_loop().remove_writer(self._socket.fileno())
        with suppress(OSError):
            # The web process has it open, too.
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._rest = b""
        self._ended(self)

    def _go_on(self) -> None:
        sent = self._send(self._rest)
        if sent is None:
            return
        self._rest = self._rest[sent:]
        if not self._rest:
            asyncio.get_running_loop().remove_writer(self._socket.fileno())
            self.stalled_at = None
            self._drained(self)

    def _send(self, data: bytes) -> int | None:
        """How much was taken; None when the client is gone, and the stream has ended."""
        try:
            return self._socket.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except BlockingIOError:
            return 0
        except OSError:
            self.end()
            return None
