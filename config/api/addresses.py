"""Which address a request comes from.

A proxy appends the address of whoever it spoke to, so of ``X-Forwarded-For`` only the last ``TRUSTED_PROXIES`` entries
are written by proxies of ours; everything to the left of them is what the client claims.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

_WITH_PORT = re.compile(r"\[(?P<bracketed>[^\]]+)\](?::\d{1,5})?|(?P<bare>[\d.]+):\d{1,5}")


def client_address(request: HttpRequest) -> str | None:
    """The client's address, for counting and for the log; None where the server has none, as on a Unix socket.

    A header that does not say what the trusted proxies would have written there leaves the peer's address.
    """
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    proxies = settings.TRUSTED_PROXIES
    forwarded = _parse(hops[-proxies]) if 0 < proxies <= len(hops) else None
    return forwarded or _parse(request.META.get("REMOTE_ADDR") or "")


def network_of(address: str) -> str:
    """What one client has to itself: its address, or with IPv6 the 64 bits that its provider gave it."""
    parsed = ip_address(address)
    return str(ip_network((parsed, 64 if parsed.version == 6 else 32), strict=False))


def _parse(text: str) -> str | None:
    """One spelling for each address, without port, zone or the IPv6 form of an IPv4 address; None for anything else."""
    text = text.strip()
    if match := _WITH_PORT.fullmatch(text):
        text = match["bracketed"] or match["bare"]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Address(int(address)))
    return str(address)
