"""A request of RSGI as the environment that WSGI applications read (PEP 3333)."""

from __future__ import annotations

import sys
from typing import IO, Protocol, overload


class Headers(Protocol):
    """Of a request, by their names in small letters."""

    @overload
    def get(self, key: str) -> str | None: ...

    @overload
    def get(self, key: str, default: str) -> str: ...

    def get_all(self, key: str) -> list[str]: ...

    def items(self) -> list[tuple[str, str]]: ...

    def __contains__(self, key: str) -> bool: ...


class HTTPScope(Protocol):
    """What the server says of a request."""

    http_version: str
    server: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str
    authority: str | None

    @property
    def headers(self) -> Headers: ...


def environ_of(scope: HTTPScope, body: IO[bytes], length: int | None) -> dict[str, object]:
    """length: of the collected body, None without one."""
    server, client = _address(scope.server), _address(scope.client)
    environ: dict[str, object] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        # Bytes in the guise of Latin-1, as the standard has it.
        "PATH_INFO": _latin(scope.path),
        "QUERY_STRING": _latin(scope.query_string),
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": server[1],
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": client[1],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        # One with an underscore would pass for one with a hyphen, past whatever a proxy made of that.
        if "_" not in name:
            _add(environ, name.upper().replace("-", "_"), value)
    if scope.authority:
        # That of the request line is the one that counts (RFC 9112).
        environ["HTTP_HOST"] = scope.authority
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("CONTENT_LENGTH", None)
    if length is not None:
        environ["CONTENT_LENGTH"] = str(length)
    return environ


def _latin(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _add(environ: dict[str, object], name: str, value: str) -> None:
    key = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
    if key in environ and name != "HOST":
        value = f"{environ[key]}{';' if name == 'COOKIE' else ','}{value}"
    environ[key] = value


def _address(text: str) -> tuple[str, str]:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), port
