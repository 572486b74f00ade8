"""How a connection gets from a web process to the event server: over a Unix socket, each with a message.

A message is its length, in four bytes, and JSON. With the first byte of one that passes a connection comes its
descriptor, so the two arrive in the same order.
"""

from __future__ import annotations

import os
import socket
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import orjson
from django.conf import settings

from config.platform.streams import Followed, Ticket
from config.stack.folders import socket_folder

LONGEST = 128 * 1024
"""Of a message; the kernel takes it as a whole or not at all."""
_HEADER = 4
_AT_ONCE = 64


@dataclass(frozen=True)
class Passed:
    """A connection, with the number that the web process calls it by and the headers of its answer."""

    number: int
    client: socket.socket
    ticket: Ticket
    headers: list[tuple[str, str]]


@dataclass(frozen=True)
class Gone:
    """A client that closed its connection."""

    number: int


def socket_path() -> Path:
    """Where the event server listens."""
    if settings.EVENTS_SOCKET:
        return Path(settings.EVENTS_SOCKET)
    return socket_folder(settings.DATA_DIR / "run", "events.sock") / "events.sock"


def connect(path: Path) -> socket.socket:
    """A link to the event server. Raises OSError when there is none."""
    link = socket.socket(socket.AF_UNIX)
    try:
        link.setblocking(False)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * LONGEST)
        link.connect(os.fspath(path))
    except OSError:
        link.close()
        raise
    return link


def pass_on(
    link: socket.socket, number: int, client: socket.socket, ticket: Ticket, headers: list[tuple[str, str]]
) -> bool:
    """Answers False when it does not fit now. Raises OSError when the event server is gone."""
    message = {
        "number": number,
        **ticket.followed._asdict(),
        "after": ticket.after,
        "expires_at": ticket.expires_at,
        "opening": ticket.opening.decode(),
        "headers": headers,
    }
    return _send(link, message, [client.fileno()])


def tell_gone(link: socket.socket, number: int) -> bool:
    """As ``pass_on``."""
    return _send(link, {"number": number}, [])


def _send(link: socket.socket, message: object, descriptors: list[int]) -> bool:
    body = orjson.dumps(message)
    if len(body) + _HEADER > LONGEST:
        return False
    data = len(body).to_bytes(_HEADER) + body
    try:
        sent = socket.send_fds(link, [data], descriptors)
    except BlockingIOError:
        return False
    if sent < len(data):
        raise ConnectionError("A message was taken in part")
    return True


class Inbox:
    """What comes over one link."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._data = bytearray()
        self._clients: deque[socket.socket] = deque()

    def receive(self) -> list[Passed | Gone]:
        """Raises OSError at the end of the link."""
        data, descriptors, flags, _ = socket.recv_fds(self._link, LONGEST, _AT_ONCE)
        self._clients.extend(socket.socket(fileno=descriptor) for descriptor in descriptors)
        if not data or flags & socket.MSG_CTRUNC:
            raise ConnectionError("The link has ended")
        self._data += data
        messages: list[Passed | Gone] = []
        while len(self._data) >= _HEADER:
            end = _HEADER + int.from_bytes(self._data[:_HEADER])
            if len(self._data) < end:
                break
            messages.append(self._read(orjson.loads(self._data[_HEADER:end])))
            del self._data[:end]
        return messages

    def close(self) -> None:
        for client in self._clients:
            client.close()

    def _read(self, message: dict) -> Passed | Gone:
        number = message.pop("number")
        if not message:
            return Gone(number)
        headers = [(name, value) for name, value in message["headers"]]
        ticket = Ticket(
            followed=Followed(message["log"], message["user_id"], message["session_id"]),
            after=message["after"],
            expires_at=message["expires_at"],
            opening=message["opening"].encode(),
        )
        return Passed(number, self._clients.popleft(), ticket, headers)
