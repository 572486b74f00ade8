"""How often one caller may call: rates per scope from ``settings.THROTTLES`` (``{"login": "30/min"}``; {} is off).

A signed-in caller is counted by account. Anybody else is counted by the account they name (the body's ``email``)
together with their address, so that people behind one router don't lock each other out; and by address alone at
``ADDRESS_FACTOR`` times the rate, so that trying many accounts from one address has an end too.
"""

import hashlib
import math
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from config.api.addresses import client_address

ADDRESS_FACTOR = 10

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class ScopeThrottle(BaseThrottle):
    """Counts in fixed windows with one atomic increment, so concurrent requests can't slip past the limit."""

    def __init__(self, scope: str = "api") -> None:
        self.scope = scope
        self._wait: int | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        rate = settings.THROTTLES.get(self.scope)
        if rate is None:
            return True
        limit, period = parse_rate(rate)
        # Every count is made, so that a blocked account still uses up its address.
        allowed = [self._count(caller, limit * factor, period) for caller, factor in self._callers(request)]
        return all(allowed)

    def wait(self) -> int | None:
        """Seconds until the window ends, for ``Retry-After``."""
        return self._wait

    def _callers(self, request: Request) -> list[tuple[str, int]]:
        if request.user and request.user.is_authenticated:
            return [(f"user:{request.user.pk}", 1)]
        address = client_address(request)
        email = request.data.get("email")
        if not isinstance(email, str):
            return [(f"address:{address}", 1)]
        account = hashlib.sha256(email.strip().lower().encode()).hexdigest()
        return [(f"account:{account}:{address}", 1), (f"address:{address}", ADDRESS_FACTOR)]

    def _count(self, caller: str, limit: int, period: int) -> bool:
        now = time.time()
        window = int(now // period)
        key = f"throttle:{self.scope}:{caller}:{window}"
        # Kept for two periods: a key that expired between add and incr would be an error.
        count = 1 if cache.add(key, 1, timeout=2 * period) else cache.incr(key)
        if count <= limit:
            return True
        self._wait = max(self._wait or 1, math.ceil((window + 1) * period - now))
        return False


def parse_rate(rate: str) -> tuple[int, int]:
    """``"30/min"`` -> (30, 60): calls and seconds. Only the unit's first letter (s, m, h, d) counts."""
    calls, _, unit = rate.partition("/")
    return int(calls), _SECONDS[unit[0].lower()]
