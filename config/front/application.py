"""The RSGI application: collect, run Django in a lane's thread, answer."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import close_old_connections
from django.http.response import HttpResponseBase

from config.api.envelope import dumps
from config.front.bodies import Body, Buffers, Refused
from config.front.environ import environ_of
from config.front.lanes import Lanes

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
        try:
            answer = await self._answer(scope, protocol)
        except Refused as refused:
            answer = _refusal(refused)
        except Exception:
            logger.exception("A request could not be answered")
            answer = _refusal(Refused(500, "server_error", "Something went wrong"))
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


def _refusal(refused: Refused) -> Answer:
    headers = [("Content-Type", "application/json"), ("Connection", "close")]
    if refused.status == 503:
        headers.append(("Retry-After", RETRY_SECONDS))
    body = {"success": False, "message": refused.message, "code": refused.code}
    return Answer(refused.status, headers, dumps(body))
