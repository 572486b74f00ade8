"""The RSGI application: collect, run Django in a lane's thread, answer."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.conf import settings
from django.db import close_old_connections
from django.http.response import HttpResponseBase

from config.access_log import log_answer
from config.api.envelope import dumps
from config.api.middleware import requested_id
from config.front.bodies import Body, Buffers, Refused
from config.front.environ import environ_of
from config.front.lanes import Lanes
from config.logs import log_context

logger = logging.getLogger(__name__)

RETRY_SECONDS = "5"


class Limits(Protocol):
    """How large a body may be. ``refuse_unread`` says that whoever sends it can't be allowed to: Django answers then
    without having been shown the body."""

    def of(self, method: str, path: str) -> int: ...

    def refuse_unread(self, method: str, path: str, authorization: str) -> bool: ...


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
    """handler: Django's WSGI handler, which answers a response object."""

    def __init__(
        self,
        handler: Callable[[dict[str, Any], Any], HttpResponseBase],
        *,
        lanes: Lanes,
        buffers: Buffers,
        limits: Limits,
    ) -> None:
        self._handler = handler
        self._lanes = lanes
        self._buffers = buffers
        self._limits = limits

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
        body, unread = await self._body(scope, protocol)
        if body is None:
            environ = environ_of(scope, io.BytesIO(), None if not unread else 0)
            answer = await lane.run(lambda: self._run(environ))
        else:
            environ = environ_of(scope, body.file, body.size)
            try:
                answer = await lane.run(lambda: self._run(environ))
            finally:
                body.close()
        if unread:
            answer.headers.append(("Connection", "close"))
        return answer

    async def _body(self, scope: Any, protocol: Any) -> tuple[Body | None, bool]:
        """The body, None without one; and whether there is one that was left unread."""
        announced = scope.headers.get("content-length")
        chunked = scope.headers.get("transfer-encoding") is not None
        if announced in (None, "0") and not chunked:
            return None, False
        length = int(announced) if announced and announced.isdigit() and not chunked else None
        if self._limits.refuse_unread(scope.method, scope.path, scope.headers.get("authorization", "")):
            return None, True
        limit = self._limits.of(scope.method, scope.path)
        return await self._buffers.collect(aiter(protocol), length=length, limit=limit), False

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
