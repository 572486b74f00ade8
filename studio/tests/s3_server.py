"""A local S3 that checks the signatures of presigned URLs, which moto's own server takes unread."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

ACCESS_KEY, SECRET_KEY, REGION = "studio-key", "studio-secret", "us-east-1"


@contextmanager
def s3_server() -> Iterator[str]:
    """Its address, for as long as the block runs."""
    server = make_server("127.0.0.1", 0, SignatureGate(DomainDispatcherApplication(create_backend_app)), threaded=True)
    thread = threading.Thread(target=server.serve_forever, name="s3", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class SignatureGate:
    """WSGI middleware: a request with a signature in its query gets through only if that fits, as on AWS.

    Written from AWS's "Authenticating requests: using query parameters (Signature Version 4)". Requests that carry the
    Authorization header, the server's own, pass.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if "HTTP_AUTHORIZATION" in environ or self._is_signed(environ):
            answer: Iterable[bytes] = self._app(environ, start_response)
            return answer
        # Left unread, the body would be taken for the next request.
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response("403 Forbidden", [("Content-Type", "application/xml")])
        return [b"<Error><Code>SignatureDoesNotMatch</Code></Error>"]

    def _is_signed(self, environ: dict[str, Any]) -> bool:
        query = dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
        signature = query.pop("X-Amz-Signature", "")
        if not signature:
            return False
        began = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if datetime.now(UTC) > began + timedelta(seconds=int(query["X-Amz-Expires"])):
            return False
        key, _, scope = query["X-Amz-Credential"].partition("/")
        headers = "".join(
            f"{name}:{' '.join(_header(environ, name).split())}\n" for name in query["X-Amz-SignedHeaders"].split(";")
        )
        canonical = "\n".join(
            [
                environ["REQUEST_METHOD"],
                quote(environ["PATH_INFO"]),
                "&".join(sorted(f"{_encoded(name)}={_encoded(value)}" for name, value in query.items())),
                headers,
                query["X-Amz-SignedHeaders"],
                "UNSIGNED-PAYLOAD",
            ]
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = "\n".join(["AWS4-HMAC-SHA256", query["X-Amz-Date"], scope, digest])
        secret = f"AWS4{SECRET_KEY}".encode()
        for part in scope.split("/"):
            secret = hmac.digest(secret, part.encode(), "sha256")
        expected = hmac.new(secret, text.encode(), "sha256").hexdigest()
        return key == ACCESS_KEY and hmac.compare_digest(expected, signature)


def _header(environ: dict[str, Any], name: str) -> str:
    variable = name.upper().replace("-", "_")
    found: str = environ.get(variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}", "")
    return found


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
