"""The socket under a request, among all that this process has open: a server tells us the client's address alone."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

_NEAR = 64
"""A new connection gets the lowest number that is free, or was just now."""


class ClientSockets:
    """taken: the numbers of those that were found and are still in use, which are passed over."""

    def __init__(self) -> None:
        self.taken: set[int] = set()

    def find(self, client: str) -> tuple[int, socket.socket] | None:
        """Its number and a duplicate of it, by ``host:port``; None if it is gone or there is none, as behind TLS."""
        peer = peer_of(client)
        lowest = os.dup(0)
        os.close(lowest)
        near = [number for number in range(3, lowest + _NEAR) if number not in self.taken]
        for number in reversed(near):
            if found := same_client(number, peer):
                return number, found
        # Also those that were taken: their owner may have closed one, and given its number to this.
        for number in _all_open().difference(near):
            if found := same_client(number, peer):
                return number, found
        return None


def peer_of(client: str) -> tuple[str, int]:
    """Host and port of an address as text."""
    host, _, port = client.rpartition(":")
    return host.strip("[]"), int(port) if port.isdecimal() else 0


def same_client(number: int, peer: tuple[str, int]) -> socket.socket | None:
    """A duplicate of this descriptor, if it is the connection of that client. Its owner may close it meanwhile."""
    try:
        copy = os.dup(number)
    except OSError:
        return None
    try:
        found = socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        return None
    with suppress(OSError):
        if found.family in (socket.AF_INET, socket.AF_INET6) and found.getpeername()[:2] == peer:
            return found
    found.close()
    return None


def _all_open() -> set[int]:
    with suppress(OSError):
        return {int(name) for name in os.listdir("/dev/fd")}
    return set()
