"""What the front refuses by itself: answered through Django's outer middleware, so with the headers of every answer.

Those set the request's id, the line of the access log and what browsers look at. They touch no database, so that no
thread is taken.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

from config.api.errors import DomainError
from config.api.handlers import error_response
from config.front.bodies import Refused
from config.front.environ import HTTPScope, environ_of

RETRY_SECONDS = "5"
INNERMOST = "corsheaders.middleware.CorsMiddleware"


def refusals() -> Callable[[HTTPScope, Refused, float], HttpResponse]:
    """What answers a scope that was refused; the number is ``time.perf_counter()`` of when the request came."""
    answer: Any = _answer
    for path in reversed(settings.MIDDLEWARE[: settings.MIDDLEWARE.index(INNERMOST) + 1]):
        with suppress(MiddlewareNotUsed):
            answer = convert_exception_to_response(import_string(path)(answer))

    def refuse(scope: HTTPScope, refused: Refused, began: float) -> HttpResponse:
        environ = environ_of(scope, io.BytesIO(), None)
        # Django reads it while it makes the request, and it may be why this is refused.
        environ.pop("CONTENT_TYPE", None)
        request = WSGIRequest({**environ, "front.refused": refused, "front.began": began})
        return answer(request)

    return refuse


def _answer(request: HttpRequest) -> HttpResponse:
    refused: Refused = request.META["front.refused"]
    headers = {"Retry-After": RETRY_SECONDS} if refused.status in (503, 507) else {}
    response = error_response(request, DomainError(refused.code, refused.message, refused.status, headers=headers))
    # Of a body that was not read nobody knows where the next request begins.
    response["Connection"] = "close"
    return response
