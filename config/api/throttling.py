"""How often one caller may call: rates per scope from ``settings.THROTTLES`` (``{"login": "30/min"}``; {} is off).

A signed-in caller is counted by account. Anybody else is counted by the account they name (the body's ``email``)
together with their address, so that people behind one router don't lock each other out; and by address alone at
``ADDRESS_FACTOR`` times the rate, so that trying many accounts from one address has an end too.

All processes count together in Redis. While it is away each counts on its own: nobody is refused for that, and nobody
is unlimited.
"""

import hashlib
import math
import threading
import time

from django.conf import settings
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from config.api.addresses import client_address
from config.platform.redis_link import client

ADDRESS_FACTOR = 10
MAX_OWN_COUNTS = 10_000
"""Above which those of past windows are forgotten."""

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class ScopeThrottle(BaseThrottle):
    """Counts in fixed windows with one atomic increment, so concurrent requests can't slip past the limit."""

    def __init__(self, scope: str = "api") -> None:
        self.scope = scope
        self._wait: int | None = None

    def allow_request(self, request: Request, view: object) -> bool:
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
        try:
            count = _count_together(key, 2 * period)
        except RedisError:
            count = _own_counts.hit(key, ends=(window + 1) * period)
        if count <= limit:
            return True
        self._wait = max(self._wait or 1, math.ceil((window + 1) * period - now))
        return False


def _count_together(key: str, seconds: int) -> int:
    """One more. Raises RedisError."""
    with client().pipeline() as pipe:
        pipe.set(key, 0, ex=seconds, nx=True)
        pipe.incr(key)
        return int(pipe.execute()[1])


class _OwnCounts:
    """What this process counts while Redis is away."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def hit(self, key: str, *, ends: int) -> int:
        """One more for the key, whose window ends at that moment (Unix time)."""
        with self._lock:
            if len(self._counts) >= MAX_OWN_COUNTS:
                now = time.time()
                self._counts = {name: kept for name, kept in self._counts.items() if kept[1] > now}
            count = self._counts.get(key, (0, ends))[0] + 1
            self._counts[key] = (count, ends)
            return count


_own_counts = _OwnCounts()


def parse_rate(rate: str) -> tuple[int, int]:
    """``"30/min"`` -> (30, 60): calls and seconds. Only the unit's first letter (s, m, h, d) counts."""
    calls, _, unit = rate.partition("/")
    return int(calls), _SECONDS[unit[0].lower()]
