"""Connections that follow events go to the event server: this process takes no part in what is sent on them.

It knows which it has passed on, and for whom: it asks every few seconds who may not follow any more.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import socket
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import connection

from config.front.environ import HTTPScope
from config.platform.client_sockets import ClientSockets, peer_of, same_client
from config.platform.heartbeat import note_alive
from config.platform.streams import Followed, Ticket, no_longer_followed
from config.streams.passing import connect, pass_on, tell_gone
from tenants.scope import all_tenants

logger = logging.getLogger(__name__)

CHECK_SECONDS = 3.0
"""Between two looks at who may go on."""
SILENCE_SECONDS = 20.0
"""After which an event server that says nothing is taken for gone."""


class _Away(NamedTuple):
    """A connection that was passed on: the descriptor that the server under us has of it, and the client's address."""

    descriptor: int
    client: str
    followed: Followed


class Handover:
    """Of one process. path: where the event server listens. room: how many may be away at once."""

    def __init__(self, path: Path, room: int) -> None:
        self._path, self._room = path, room
        self._link: socket.socket | None = None
        self._heard_at = 0.0
        self._sockets = ClientSockets()
        self._away: dict[int, _Away] = {}
        self._numbers = itertools.count(1)

    def give(self, scope: HTTPScope, ticket: Ticket, headers: list[tuple[str, str]]) -> int | None:
        """Pass the connection on: the number that ``gone`` takes once it is over, None when that can't be done."""
        if not scope.http_version.startswith("1") or scope.method != "GET" or len(self._away) >= self._room:
            return None
        link = self._linked()
        found = self._sockets.find(scope.client) if link else None
        if link is None or found is None:
            return None
        descriptor, client = found
        number = next(self._numbers)
        with client:
            try:
                if not pass_on(link, number, client, ticket, headers):
                    return None
            except OSError:
                self._part()
                return None
        self._away[number] = _Away(descriptor, scope.client, ticket.followed)
        self._sockets.taken.add(descriptor)
        return number

    def gone(self, number: int) -> None:
        """The connection is over."""
        self._sockets.taken.discard(self._away.pop(number).descriptor)
        self._tell_gone(number)

    async def watch(self) -> None:
        """Look who may go on, for as long as the process serves."""
        while True:
            try:
                await self._look_after()
            except Exception:
                # Whatever it was, the next look may go well; without one, no stream would end any more.
                logger.exception("The streams could not be looked after")
            await asyncio.sleep(CHECK_SECONDS)

    async def _look_after(self) -> None:
        if self._linked() is None:
            return
        if time.monotonic() - self._heard_at > SILENCE_SECONDS:
            self._part()
            return
        ended = await asyncio.to_thread(_look, {away.followed for away in self._away.values()})
        for number in [number for number, away in self._away.items() if away.followed in ended]:
            self._tell_gone(number)

    def _linked(self) -> socket.socket | None:
        if self._link is None:
            with suppress(OSError):
                self._link = connect(self._path)
                self._heard_at = time.monotonic()
                asyncio.get_running_loop().add_reader(self._link, self._hear, self._link)
        return self._link

    def _hear(self, link: socket.socket) -> None:
        with suppress(BlockingIOError):
            try:
                signs = link.recv(4096)
            except ConnectionError:
                signs = b""
            if not signs:
                self._part()
            self._heard_at = time.monotonic()

    def _tell_gone(self, number: int) -> None:
        if self._link is None:
            return
        try:
            told = tell_gone(self._link, number)
        except OSError:
            told = False
        if not told:
            self._part()

    def _part(self) -> None:
        """Without the event server the connections lead nowhere."""
        if self._link is None:
            return
        asyncio.get_running_loop().remove_reader(self._link)
        self._link.close()
        self._link = None
        if self._away:
            logger.warning("The event server is gone; %s streams end", len(self._away))
        for away in list(self._away.values()):
            if client := same_client(away.descriptor, peer_of(away.client)):
                with client, suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)


def _look(streams: Collection[Followed]) -> set[Followed]:
    """Those that must end."""
    note_alive("events", settings.HEARTBEAT_SECONDS)
    ended: set[Followed] = set()
    try:
        for whose, ask in no_longer_followed.items() if streams else ():
            try:
                with all_tenants():
                    ended.update(ask(streams))
            except Exception:
                # One app's fault keeps no other's streams open.
                logger.exception("Could not look whose %s have ended", whose)
    finally:
        # Back to the pool.
        connection.close()
    return ended
