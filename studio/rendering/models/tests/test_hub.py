"""Downloads from a real HTTP server on this machine that speaks the little of the hub's protocol that is needed."""

import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from studio.rendering.errors import ModelError
from studio.rendering.models.checks import check_model
from studio.rendering.models.hub import RemoteFile, choose, damaged_files, fetch
from studio.rendering.plan import ModelSpec

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


@pytest.fixture
def hub(sd15_folder):
    server = Hub(sd15_folder)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_model_is_fetched_verified_and_then_offline(hub, tmp_path):
    seen = []
    folder = fetch("someone/tiny", tmp_path / "model", endpoint=hub.endpoint, progress=lambda *p: seen.append(p))
    check_model(ModelSpec("sd15", str(folder)))
    assert damaged_files(folder) == []
    assert json.loads((folder / "download.json").read_text())["revision"] == REVISION
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1] > 1_000_000
    hub.requests.clear()
    fetch("someone/tiny", folder, endpoint=hub.endpoint)
    assert [path for _, path, _ in hub.requests] == ["/api/models/someone/tiny/revision/main"]


def test_a_broken_download_is_resumed(hub, sd15_folder, tmp_path):
    hub.cut = 200_000
    with pytest.raises(ModelError, match="broke off"):
        fetch("someone/tiny", tmp_path, endpoint=hub.endpoint)
    hub.cut = None
    hub.requests.clear()
    fetch("someone/tiny", tmp_path, endpoint=hub.endpoint)
    assert damaged_files(tmp_path) == []
    assert any(wanted and not wanted.startswith("bytes=0-") for _, _, wanted in hub.requests)


def test_a_damaged_file_is_refused_and_fetched_again(hub, tmp_path):
    hub.falsify = True
    with pytest.raises(ModelError, match="arrived damaged"):
        fetch("someone/tiny", tmp_path, endpoint=hub.endpoint)
    hub.falsify = False
    fetch("someone/tiny", tmp_path, endpoint=hub.endpoint)
    weights = tmp_path / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(bytes(weights.stat().st_size))
    assert damaged_files(tmp_path) == ["unet/diffusion_pytorch_model.safetensors"]
    fetch("someone/tiny", tmp_path, endpoint=hub.endpoint)
    assert damaged_files(tmp_path) == []


def test_an_unknown_model_and_an_unfinished_download_say_so(hub, tmp_path):
    with pytest.raises(ModelError, match="no model 'someone/else'"):
        fetch("someone/else", tmp_path, endpoint=hub.endpoint)
    with pytest.raises(ModelError, match="not downloaded completely"):
        damaged_files(tmp_path)


def test_only_what_a_render_needs_is_chosen():
    names = [
        "model_index.json",
        "v1-5-pruned.safetensors",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.bin",
        "vae/diffusion_pytorch_model.fp16.safetensors",
        "tokenizer/merges.txt",
        "safety_checker/model.safetensors",
        "README.md",
    ]
    chosen = [file.name for file in choose(RemoteFile(name, 1, None, None) for name in names)]
    assert chosen == [names[0], names[2], names[3], names[6], names[7]]
    assert choose([RemoteFile("unet/model.bin", 1, None, None), RemoteFile("config.json", 1, None, None)]) == []
