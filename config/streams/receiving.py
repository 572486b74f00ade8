"""Where web processes pass connections to: one link with each of them, and an answer's head for each connection."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from functools import partial
from http import HTTPStatus
from pathlib import Path

import orjson

from config.api.errors import DomainError
from config.streams.hub import Hub
from config.streams.passing import Gone, Inbox, Passed
from config.streams.stream import Stream

logger = logging.getLogger(__name__)

_OF_THE_CONNECTION = {"content-length", "connection"}
_OF_THE_CONTENT = {"content-type", "x-accel-buffering"} | _OF_THE_CONNECTION


class Receiver:
    """Takes connections over the Unix socket at ``path`` until it is closed."""

    def __init__(self, hub: Hub, path: Path) -> None:
        self._hub, self._path = hub, path
        self._links: set[_Link] = set()
        path.parent.mkdir(parents=True, exist_ok=True)
        # Who was killed left it there; of two event servers the newer one is asked from now on.
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(os.fspath(path))
        self._inode = path.stat().st_ino
        self._listener.listen(64)
        self._listener.setblocking(False)
        asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def close(self) -> None:
        """Take no more, and end what came."""
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener.close()
        with suppress(FileNotFoundError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()
        self._hub.end_all()
        for link in list(self._links):
            link.close()

    def beat(self) -> None:
        """Let the web processes know that somebody is here."""
        for link in list(self._links):
            link.beat()

    def _accept(self) -> None:
        with suppress(BlockingIOError):
            link, _ = self._listener.accept()
            link.setblocking(False)
            self._links.add(_Link(self._hub, link, self._links.discard))


class _Link:
    """What one web process passes on. Its streams end with it: nobody else notices when their clients go."""

    def __init__(self, hub: Hub, link: socket.socket, closed: Callable[[_Link], None]) -> None:
        self._hub, self._link, self._closed = hub, link, closed
        self._inbox = Inbox(link)
        self._streams: dict[int, Stream] = {}
        asyncio.get_running_loop().add_reader(link, self._receive)

    def beat(self) -> None:
        try:
            self._link.send(b".", socket.MSG_NOSIGNAL)
        except BlockingIOError:
            # The process hangs, or has much to do: it is told again.
            return
        except OSError:
            self.close()

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._link)
        self._link.close()
        self._inbox.close()
        for stream in list(self._streams.values()):
            stream.end()
        self._closed(self)

    def _receive(self) -> None:
        try:
            messages = self._inbox.receive()
        except BlockingIOError:
            return
        except Exception as error:
            if not isinstance(error, OSError):
                logger.exception("A message could not be read")
            self.close()
            return
        for message in messages:
            if isinstance(message, Gone):
                if stream := self._streams.get(message.number):
                    stream.end()
            else:
                self._begin(message)

    def _begin(self, passed: Passed) -> None:
        try:
            self._hub.ensure_room(passed.ticket.followed.user_id)
        except DomainError as error:
            _refuse(passed, error)
            return
        forget = partial(self._forget, passed.number)
        stream = Stream(passed.client, passed.ticket, drained=self._hub.ring, ended=forget)
        self._streams[passed.number] = stream
        self._hub.add(stream)
        headers = [(name, value) for name, value in passed.headers if name.lower() not in _OF_THE_CONNECTION]
        stream.write(_head(200, headers) + passed.ticket.opening)

    def _forget(self, number: int, stream: Stream) -> None:
        del self._streams[number]
        self._hub.remove(stream)


def _refuse(passed: Passed, error: DomainError) -> None:
    body = orjson.dumps({"success": False, "message": error.message, "code": error.code})
    own = [(name, value) for name, value in passed.headers if name.lower() not in _OF_THE_CONTENT]
    own += [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *error.headers.items()]
    with passed.client as client, suppress(OSError):
        client.send(_head(error.status, own) + body, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        client.shutdown(socket.SHUT_RDWR)


def _head(status: int, headers: list[tuple[str, str]]) -> bytes:
    """It has no length: the end of the connection is the answer's."""
    own = [("Date", formatdate(usegmt=True)), *headers, ("Connection", "close")]
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in own), "", ""]
    return "\r\n".join(lines).encode("latin-1")
