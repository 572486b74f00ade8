"""Finished answers of public lists, kept as bytes for a few seconds and never beyond a change of their rows.

Each process keeps its own, together with the list's freshness token (``config.api.freshness``), and serves one only
while that is still the current one: what moderators hide is gone for the next request, whichever process gets it.
Without Redis there is no current one, and each request reads the rows.
Figures that change by the second, such as views, may be as old as ``SECONDS``.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelope import dumps
from config.api.filters import ListQuery, ListSpec, read_query
from config.api.freshness import current_token, own_token, settle
from config.platform.redis_link import link

SECONDS = 15.0
# The first pages are what everybody asks for; searches and far pages would only push them out.
PAGES = 5
MAX_ANSWERS = 64
"""In one process; an answer of the largest page has some 100 KB."""


def cached_list(
    request: Request, *, name: str, spec: type[ListSpec], answer: Callable[[str], Response]
) -> HttpResponseBase:
    """The list's answer, kept or made. The same for every caller: only for lists that are public.

    name: under which ``outdate`` knows the list. answer: makes it, given the token to file its count under.
    """
    query = read_query(request.query_params, spec)
    token = current_token(name)
    if query.page > PAGES or query.search or query.cursor:
        return answer(token)
    key = _key(name, query)
    kept = _answers.find(key, token)
    if kept is not None and kept.era != link.era:
        # Redis may have been away since, and have come back with the token of then.
        token = _settled_token(name)
        kept = _answers.find(key, token)
    body = dumps(answer(token).data) if kept is None else kept.body
    if kept is None or kept.era != link.era:
        _answers.keep(key, _Answer(token, link.era, _now() + SECONDS if kept is None else kept.until, body))
    return HttpResponse(body, content_type="application/json", headers={"Cache-Control": "no-cache"})


@dataclass(frozen=True)
class _Answer:
    """``era`` is the link's in which ``token`` was known to be the current one; ``until`` is on the monotonic clock."""

    token: str
    era: int
    until: float
    body: bytes


class _Answers:
    """The answers of this process, the least recently made of which make room for others."""

    def __init__(self) -> None:
        self._kept: OrderedDict[object, _Answer] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: object, token: str) -> _Answer | None:
        found = self._kept.get(key)
        return found if found and found.token == token and _now() < found.until else None

    def keep(self, key: object, answer: _Answer) -> None:
        with self._lock:
            self._kept[key] = answer
            self._kept.move_to_end(key)
            if len(self._kept) > MAX_ANSWERS:
                self._kept.popitem(last=False)


_answers = _Answers()
_now = time.monotonic


def _settled_token(name: str) -> str:
    with suppress(RedisError):
        settle()
        return current_token(name)
    return own_token()


def _key(name: str, query: ListQuery) -> object:
    return (name, query.page, query.per_page, query.order, tuple(sorted(query.filters.items())))
