"""A database that goes away around a request, not within it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpResponse

from config.front.application import Front
from config.front.bodies import Buffers, Refused
from config.front.lanes import Lanes
from config.front.limits import allowance


def front(handler: Callable[..., HttpResponse]) -> Front:
    lanes = Lanes(threads=1, uploads=1, passwords=1)
    return Front(handler, lanes=lanes, buffers=Buffers(0), allowance=allowance)


class Unended(HttpResponse):
    def close(self) -> None:
        raise OperationalError("the connection is lost")


@pytest.mark.django_db
def test_an_answer_that_was_made_is_given() -> None:
    def handler(environ: dict[str, Any], start_response: Callable[..., None]) -> HttpResponse:
        start_response("201 Created", [("X-Made", "yes")])
        return Unended(b"made")

    answer = front(handler)._run({"REQUEST_METHOD": "POST"})
    assert (answer.status, answer.headers, answer.content) == (201, [("X-Made", "yes")], b"made")


@pytest.mark.django_db
def test_what_could_not_begin_is_unavailable() -> None:
    def handler(environ: dict[str, Any], start_response: Callable[..., None]) -> HttpResponse:
        raise OperationalError("the server is starting up")

    with pytest.raises(Refused) as refused:
        front(handler)._run({"REQUEST_METHOD": "GET"})
    assert (refused.value.status, refused.value.code) == (503, "service_unavailable")
