"""The product under the server that it really runs on, and a client that speaks HTTP byte by byte."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import orjson
import requests
from django.conf import settings

from tests.patience import FOREVER_SECONDS
from tests.waiting import until, until_ended
from tests.worker import addresses


class WebServer:
    """``config.web``, as ``serve`` runs it but with one process, on the test's database. A context manager.

    temporary: the folder of its temporary files.
    """

    def __init__(self, temporary: Path | None = None, environment: Mapping[str, str] | None = None) -> None:
        self.temporary = temporary
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        folder = {} if temporary is None else {"FILE_UPLOAD_TEMP_DIR": str(temporary)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.web", "--host", "127.0.0.1", "--port", str(self.port)],
            cwd=settings.BASE_DIR,
            env={**os.environ, **addresses(), "THROTTLE": "off", "WEB_PROCESSES": "1", **folder, **(environment or {})},
        )

    def __enter__(self) -> Self:
        until(self._answers, "web server", seconds=180)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        until_ended(self.process.pid)
        self.process.wait()

    def connect(self) -> Connection:
        return Connection(self.port)

    def socket(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port))

    def ask(self, method: str, path: str, token: str = "", **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.request(
            method, self.url + path, headers=headers, timeout=FOREVER_SECONDS, allow_redirects=False, **options
        )

    def _answers(self) -> bool:
        assert self.process.poll() is None, "the web server ended"
        try:
            self.socket().close()
        except ConnectionError:
            return False
        return True


class Connection:
    """One connection that is used again and again. A context manager."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=FOREVER_SECONDS)
        self._http.connect()
        # A second request must find the same connection open.
        self._http.auto_open = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(
        self, method: str, path: str, body: bytes | Iterable[bytes] | None = None, **headers: str
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Status, body (parsed if JSON) and headers; an iterable body is sent in chunks."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        in_chunks = body is not None and not isinstance(body, bytes)
        if in_chunks:
            sent["Transfer-Encoding"] = "chunked"
        self._http.request(method, path, body=body, headers=sent, encode_chunked=in_chunks)
        answer = self._http.getresponse()
        content = answer.read()
        is_json = answer.headers.get("Content-Type") == "application/json"
        return answer.status, orjson.loads(content) if is_json and content else content, answer.headers

    def early_answer(self) -> tuple[int, Any]:
        """What came back before everything was sent."""
        assert self._http.sock is not None
        answer = http.client.HTTPResponse(self._http.sock)
        answer.begin()
        return answer.status, orjson.loads(answer.read())

    def send(self, raw: bytes) -> bytes:
        """Bytes as they are; all that comes back until the other side closes."""
        assert self._http.sock is not None
        self._http.sock.sendall(raw)
        received = b""
        while data := self._http.sock.recv(65536):
            received += data
        return received
