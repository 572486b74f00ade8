"""The RSGI application: collect, run Django in a lane's thread, answer."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import close_old_connections
from django.http.response import HttpResponseBase
from django.utils.http import parse_header_parameters

from config.access_log import log_answer
from config.api.envelope import dumps
from config.api.middleware import requested_id
from config.front.bodies import Buffers, Refused
from config.front.environ import environ_of
from config.front.lanes import Lanes
from config.front.limits import Allowance
from config.logs import log_context

logger = logging.getLogger(__name__)

RETRY_SECONDS = "5"


@dataclass
class Answer:
    """What goes back: ``content``, or the bytes ``start`` to ``stop`` of the file ``path``."""

    status: int = 500
    headers: list[tuple[str, str]] = field(default_factory=list)
    content: bytes = b""
    path: str = ""
    start: int = 0
    stop: int = 0


class Front:
    """handler: Django's WSGI handler, which answers a response object. allowance: of a path and its Authorization."""

    def __init__(
        self,
        handler: Callable[[dict[str, Any], Any], HttpResponseBase],
        *,
        lanes: Lanes,
        buffers: Buffers,
        allowance: Callable[[str, str], Allowance],
    ) -> None:
        self._handler = handler
        self._lanes = lanes
        self._buffers = buffers
        self._allowance = allowance

    async def __call__(self, scope: Any, protocol: Any) -> None:
        began = time.perf_counter()
        try:
            answer = await self._answer(scope, protocol)
        except Refused as refused:
            answer = _refusal(refused, scope, began)
        except Exception:
            logger.exception("A request could not be answered")
            answer = _refusal(Refused(500, "server_error", "Something went wrong"), scope, began)
        if answer.path:
            protocol.response_file_range(answer.status, answer.headers, answer.path, answer.start, answer.stop)
        else:
            protocol.response_bytes(answer.status, answer.headers, answer.content)

    async def _answer(self, scope: Any, protocol: Any) -> Answer:
        lane = self._lanes.of(scope.method, scope.path)
        announced = scope.headers.get("content-length")
        chunked = scope.headers.get("transfer-encoding") is not None
        if announced in (None, "0") and not chunked:
            environ = environ_of(scope, io.BytesIO(), None if announced is None else 0)
            return await lane.run(lambda: self._run(environ))
        length = int(announced) if announced and announced.isdigit() and not chunked else None
        allowed = self._allowance(scope.path, scope.headers.get("authorization", ""))
        try:
            body = await self._buffers.collect(
                aiter(protocol), length=length, limit=allowed.limit, ending=_ending(scope) if chunked else b""
            )
        except Refused as refused:
            if not allowed.unread or refused.status != 413:
                raise
            environ = environ_of(scope, io.BytesIO(), 0 if length else None)
            answer = await lane.run(lambda: self._run(environ))
            answer.headers.append(("Connection", "close"))
            return answer
        with body:
            environ = environ_of(scope, body.file, None if chunked and allowed.needs_length else body.size)
            return await lane.run(lambda: self._run(environ))

    def _run(self, environ: dict[str, Any]) -> Answer:
        answer = Answer()

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            answer.status, answer.headers = int(status[:3]), headers

        response = self._handler(environ, start_response)
        try:
            span = getattr(response, "file_span", None)
            if span is not None and environ["REQUEST_METHOD"] != "HEAD":
                answer.path, answer.start, answer.stop = span
            else:
                answer.content = b"".join(response)
        finally:
            response.close()
            # A streaming answer ends its request later than this thread is needed.
            close_old_connections()
        return answer


def _refusal(refused: Refused, scope: Any, began: float) -> Answer:
    """The answer to what Django is never shown, with an id and a line in the access log as those that it answers."""
    request_id = requested_id(scope.headers.get("x-request-id", ""))
    headers = [("Content-Type", "application/json"), ("Connection", "close"), ("X-Request-ID", request_id)]
    if refused.status in (503, 507):
        headers.append(("Retry-After", RETRY_SECONDS))
    body: dict[str, Any] = {"success": False, "message": refused.message, "code": refused.code}
    if refused.status >= 500:
        body["request_id"] = request_id
    content = dumps(body)
    if settings.ACCESS_LOG:
        with log_context(request_id=request_id):
            log_answer(scope.method, scope.path, refused.status, began, len(content))
    return Answer(refused.status, headers, content)


def _ending(scope: Any) -> bytes:
    """What a form in parts ends with: a connection that breaks within a chunked body looks like its end."""
    kind, options = parse_header_parameters(scope.headers.get("content-type", ""))
    boundary = options.get("boundary", "")
    return f"--{boundary}--".encode() if kind == "multipart/form-data" and boundary else b""
