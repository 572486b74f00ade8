"""The RSGI application: collect, run Django in a lane's thread, answer."""

from __future__ import annotations

import asyncio
import io
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import InterfaceError, OperationalError, close_old_connections
from django.http.response import HttpResponseBase
from django.utils.http import parse_header_parameters
from granian.rsgi import HTTPProtocol

from config.api.errors import Unavailable
from config.front.bodies import Buffers, Refused
from config.front.environ import HTTPScope, environ_of
from config.front.handover import Handover
from config.front.lanes import Lanes
from config.front.limits import Allowance
from config.front.parts import Answer as PartsAnswer
from config.front.parts import Sender
from config.front.pulse import Pulse
from config.front.refusals import refusals
from config.platform.parts import AnswerInParts
from config.platform.streams import Ticket

logger = logging.getLogger(__name__)

_AWAY = (OperationalError, InterfaceError)
"""What a database raises that is gone."""


@dataclass
class Answer:
    """What goes back: ``content``, or the bytes ``start`` to ``stop`` of the file ``path``."""

    status: int = 500
    headers: list[tuple[str, str]] = field(default_factory=list)
    content: bytes = b""
    path: str = ""
    start: int = 0
    stop: int = 0
    ticket: Ticket | None = None
    """To keep the answer open, if somebody does."""
    parts: AnswerInParts | None = None
    """What is made while it is sent, and ended then."""


class Front:
    """handler: Django's WSGI handler, which answers a response object. allowance: of a path and its Authorization.

    handover: takes the connections that may stay open.
    """

    def __init__(
        self,
        handler: Callable[..., HttpResponseBase],
        *,
        lanes: Lanes,
        buffers: Buffers,
        allowance: Callable[[str, str], Allowance],
        handover: Handover | None = None,
        sender: Sender | None = None,
    ) -> None:
        self._handler = handler
        self._lanes = lanes
        self._buffers = buffers
        self._allowance = allowance
        self._handover = handover
        self._sender = sender or Sender(grace=20.0, rate=1024)
        self._refuse = refusals()
        self.pulse: Pulse | None = None

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Granian calls it in each of its processes."""
        if self._handover is not None:
            self._watching = loop.create_task(self._handover.watch())
        if self.pulse is not None:
            self._beating = loop.create_task(self.pulse.beat())

    async def __call__(self, scope: HTTPScope, protocol: HTTPProtocol) -> None:
        began = time.perf_counter()
        try:
            answer = await self._answer(scope, protocol)
            if answer.parts is not None:
                parts = PartsAnswer(answer.parts, self._lanes.of(scope.method, scope.path), _end)
                await self._sender.send(scope, protocol, answer.status, answer.headers, parts)
                return
        except Refused as refused:
            answer = self._refusal(scope, refused, began)
        except Exception:
            logger.exception("A request could not be answered")
            answer = self._refusal(scope, Refused(500, "server_error", "Something went wrong"), began)
        if answer.ticket and self._handover:
            number = self._handover.give(scope, answer.ticket, answer.headers)
            if number is not None:
                # It stays for hours; what began it need not.
                del answer, began
                try:
                    await protocol.client_disconnect()
                finally:
                    self._handover.gone(number)
                return
        if answer.path:
            protocol.response_file_range(answer.status, answer.headers, answer.path, answer.start, answer.stop)
        else:
            protocol.response_bytes(answer.status, answer.headers, answer.content)

    async def _answer(self, scope: HTTPScope, protocol: HTTPProtocol) -> Answer:
        _one_host(scope)
        _read(scope)
        kind, options = _content_type(scope)
        lane = self._lanes.of(scope.method, scope.path)
        announced = scope.headers.get("content-length")
        # HTTP/2 has frames instead, and a length only if the client likes to tell it.
        framed = scope.http_version.startswith("2") and announced is None
        chunked = framed or scope.headers.get("transfer-encoding") is not None
        if announced in (None, "0") and not chunked:
            environ = environ_of(scope, io.BytesIO(), None if announced is None else 0)
            return await lane.run(lambda: self._run(environ))
        length = int(announced) if announced and announced.isdecimal() and not chunked else None
        allowed = self._allowance(scope.path, scope.headers.get("authorization", ""))
        try:
            body = await self._buffers.collect(
                aiter(protocol),
                length=length,
                limit=allowed.limit,
                ending=_ending(kind, options.get("boundary", "")) if chunked else b"",
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

    def _run(self, environ: dict[str, object]) -> Answer:
        answer = Answer()

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
            answer.status, answer.headers = int(status[:3]), headers

        try:
            response = self._handler(environ, start_response)
        except _AWAY as error:
            # Before Django looks after errors itself.
            away = Unavailable()
            raise Refused(away.status, away.code, away.message) from error
        try:
            span = getattr(response, "file_span", None)
            if isinstance(response, AnswerInParts) and environ["REQUEST_METHOD"] != "HEAD":
                answer.parts = response
            elif span is not None and environ["REQUEST_METHOD"] != "HEAD":
                answer.path, answer.start, answer.stop = span
            else:
                answer.content = b"".join(response)
                answer.ticket = getattr(response, "ticket", None)
        finally:
            if answer.parts is None:
                _end(response)
        return answer

    def _refusal(self, scope: HTTPScope, refused: Refused, began: float) -> Answer:
        """The answer to what Django's views are never shown."""
        response = self._refuse(scope, refused, began)
        return Answer(response.status_code, [*response.items()], response.content)


def _end(response: HttpResponseBase) -> None:
    """End the request. A database that went away since the answer was made does not unmake it."""
    try:
        response.close()
        # A streaming answer ends its request later than this thread is needed.
        close_old_connections()
    except _AWAY as error:
        logger.warning("A connection to the database could not be ended in order: %s", error)


def _content_type(scope: HTTPScope) -> tuple[str, dict[str, str]]:
    """The type and its parameters. Raises Refused for what can't be read: Django would fail on it."""
    try:
        return parse_header_parameters(scope.headers.get("content-type", ""))
    except (ValueError, TypeError, LookupError) as error:
        raise Refused(415, "unsupported_media_type", "The Content-Type can't be read") from error


def _one_host(scope: HTTPScope) -> None:
    """Two hosts are two tenants: a proxy may look at the one and we at the other (RFC 9112)."""
    hosts = len(scope.headers.get_all("host"))
    if hosts > 1 or (hosts == 0 and not scope.authority and scope.http_version == "1.1"):
        raise Refused(400, "bad_request", "A request has one Host")


def _read(scope: HTTPScope) -> None:
    """The server drops a value that is not ASCII. Without these a request would mean something else: be done twice, or
    come from the proxy.
    """
    for name in ("idempotency-key", "x-forwarded-for"):
        if name in scope.headers and scope.headers.get(name) is None:
            raise Refused(400, "bad_request", f"The header {name} may have ASCII alone")


def _ending(kind: str, boundary: str) -> bytes:
    """What a form in parts ends with: a connection that breaks within a chunked body looks like its end."""
    return f"--{boundary}--".encode() if kind == "multipart/form-data" and boundary else b""
