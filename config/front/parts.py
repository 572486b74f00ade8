"""Sends answers of any length: a part is made when the client has taken the one before.

The server below takes whatever it is given into memory, however slowly the client reads, and ends an answer that broke
off as if it were whole. So these are written to the client's own socket, in chunks (RFC 9112, 7.1): without the last
one, a client knows that something is missing.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from http import HTTPStatus
from typing import TypeVar

from granian.rsgi import HTTPProtocol

from config.front.bodies import Refused
from config.front.environ import HTTPScope
from config.front.lanes import Lane
from config.platform.client_sockets import ClientSockets
from config.platform.parts import AnswerInParts

logger = logging.getLogger(__name__)

T = TypeVar("T")

WHOLE_BYTES = 16 * 1024 * 1024
"""What is collected at most for a client that can't be sent parts: of HTTP/1.0, or of HTTP/2 without a proxy."""
_LEAVING_SECONDS = 10.0


class Sender:
    """Of one process. A client has ``grace`` seconds for each part, and one more for each ``rate`` bytes of it."""

    def __init__(self, *, grace: float, rate: int) -> None:
        self._grace, self._rate = grace, rate
        self._sockets = ClientSockets()

    async def send(
        self, scope: HTTPScope, protocol: HTTPProtocol, status: int, headers: list[tuple[str, str]], answer: Answer
    ) -> None:
        """All of it, or as much as can be made and the client takes. Raises Refused while nothing was sent."""
        try:
            found = self._sockets.find(scope.client) if scope.http_version == "1.1" else None
            if found is None:
                protocol.response_bytes(status, headers, await answer.whole())
                return
            with found[1] as client:
                await self._write(client, status, headers, answer)
            with suppress(TimeoutError):
                await asyncio.wait_for(protocol.client_disconnect(), _LEAVING_SECONDS)
        finally:
            await answer.end()

    async def _write(self, client: socket.socket, status: int, headers: list[tuple[str, str]], answer: Answer) -> None:
        # It is the server's own, which doesn't block either.
        client.setblocking(False)
        try:
            await self._take(client, _head(status, headers))
            while (part := await answer.next()) is not None:
                if part:
                    await self._take(client, b"%x\r\n%b\r\n" % (len(part), part))
            await self._take(client, b"0\r\n\r\n")
        except (OSError, TimeoutError) as error:
            logger.info("An answer in parts was not taken to its end: %r", error)
        except Exception:
            logger.exception("An answer in parts broke off")
        finally:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    async def _take(self, client: socket.socket, data: bytes) -> None:
        patience = self._grace + len(data) / self._rate
        await asyncio.wait_for(asyncio.get_running_loop().sock_sendall(client, data), patience)


class Answer:
    """One of them: made in the threads of ``lane``, ended by ``end`` in one of them, whatever happens."""

    def __init__(self, response: AnswerInParts, lane: Lane, end: Callable[[AnswerInParts], None]) -> None:
        self._response, self._lane, self._end = response, lane, end
        self._parts: Iterator[bytes] = iter(response)

    async def next(self) -> bytes | None:
        return await self._lane.run(lambda: next(self._parts, None))

    async def whole(self) -> bytes:
        return await self._lane.run(lambda: _joined(self._parts))

    async def end(self) -> None:
        await self._lane.run(lambda: self._end(self._response))


def _joined(parts: Iterable[bytes]) -> bytes:
    found = bytearray()
    for part in parts:
        found += part
        if len(found) > WHOLE_BYTES:
            raise Refused(505, "http_version_not_supported", "An answer of this length takes HTTP/1.1")
    return bytes(found)


def _head(status: int, headers: list[tuple[str, str]]) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "Transfer-Encoding: chunked", "Connection: close", "", ""]).encode("latin-1")
