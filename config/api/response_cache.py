"""Finished answers of public lists, kept as bytes for a few seconds and never beyond a change of their rows.

An answer is filed together with the list's freshness token (``config.api.freshness``) and served only while that is
the current one, so what moderators hide is gone for the next request. Figures that change by the second, such as
views, may be as old as ``SECONDS``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from django.core.cache import cache
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelope import dumps
from config.api.filters import ListQuery, ListSpec, read_query
from config.api.freshness import current_token, token_key

SECONDS = 15
# The first pages are what everybody asks for; searches and far pages would only fill the cache.
PAGES = 5


def cached_list(
    request: Request, *, name: str, spec: type[ListSpec], answer: Callable[[str], Response]
) -> HttpResponseBase:
    """The list's answer, from the cache if it is there. The same for every caller: only for lists that are public.

    name: under which ``outdate`` knows the list. answer: makes it, given the token to file its count under.
    """
    query = read_query(request.query_params, spec)
    if query.page > PAGES or query.search or query.cursor:
        return answer(current_token(name))
    key = _key(name, query)
    found = cache.get_many([token_key(name), key])
    token, (filed_under, body) = found.get(token_key(name)), found.get(key, (None, b""))
    if token is None or token != filed_under:
        token = token or current_token(name)
        response = answer(token)
        body = dumps(response.data)
        cache.set(key, (token, body), timeout=SECONDS)
    return HttpResponse(body, content_type="application/json", headers={"Cache-Control": "no-cache"})


def _key(name: str, query: ListQuery) -> str:
    asked = repr((query.page, query.per_page, query.order, sorted(query.filters.items())))
    return f"answer:{name}:{hashlib.sha256(asked.encode()).hexdigest()}"
