"""A real HTTP server on this machine that speaks the little of the hub's protocol that is needed."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REVISION = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """Serves a folder as the repository ``someone/tiny``; large files break off after ``cut`` bytes."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.cut: int | None = None
        self.falsify = False
        self.requests: list[tuple[str, str, str | None]] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def siblings(self) -> list[dict]:
        found = []
        for path in sorted(p for p in self.folder.rglob("*") if p.is_file()):
            content = path.read_bytes()
            entry = {"rfilename": path.relative_to(self.folder).as_posix(), "size": len(content)}
            if path.suffix in {".safetensors", ".bin"}:
                sha = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"sha256": sha, "size": len(content), "pointerSize": 130}
            entry["blobId"] = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
            found.append(entry)
        return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        self.server.requests.append((self.command, path, self.headers.get("Range")))
        if path.startswith("/api/models/someone/tiny"):
            info = {"id": "someone/tiny", "sha": REVISION, "siblings": self.server.siblings()}
            return self._answer(200, json.dumps(info).encode(), {"Content-Type": "application/json"})
        match = re.fullmatch(rf"/someone/tiny/resolve/{REVISION}/(.+)", path)
        if match is None:
            return self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        content = (self.server.folder / match[1]).read_bytes()
        etag = hashlib.sha256(content).hexdigest()
        if self.server.falsify:
            content = bytes(len(content))
        return self._file(content, etag)

    def _file(self, content: bytes, etag: str) -> None:
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": REVISION, "Accept-Ranges": "bytes"}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        start = int(wanted[1]) if wanted else 0
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._answer(206 if wanted else 200, content[start:], headers)

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        cut = self.server.cut
        if cut is not None and len(body) > cut:
            self.wfile.write(body[:cut])
            self.close_connection = True
            self.server.cut = 0
        else:
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serving(folder: Path) -> Iterator[Hub]:
    """A hub that serves the folder while the block runs."""
    server = Hub(folder)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
