"""Models from a Hugging Face hub: downloaded once, resumed where a download broke off, verified, offline from then
on.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

import httpx2
from huggingface_hub import HfApi, hf_hub_url
from huggingface_hub.errors import RepositoryNotFoundError
from huggingface_hub.utils import build_hf_headers

from studio.rendering.errors import ModelError

MANIFEST = "download.json"
"""Names, sizes and checksums of what was downloaded, and from which revision."""

_WANTED = ("*.json", "*.txt", "*.safetensors")
_UNUSED_PARTS = {"safety_checker", "feature_extractor", "image_encoder"}
_CHUNK = 4 * 1024 * 1024
_PIECE = 64 * 1024
"""What a broken connection loses at most."""
_PATIENCE = 30.0
"""Seconds without a byte after which a connection counts as broken."""

Progress = Callable[[int, int], None]
"""Bytes done and bytes in all, as they arrive."""


@dataclass(frozen=True)
class RemoteFile:
    """One file of a revision. Large files have a SHA-256, small ones git's SHA-1 of a blob."""

    name: str
    size: int
    sha256: str | None
    blob_sha1: str | None


def fetch(
    repo_id: str,
    destination: Path,
    *,
    revision: str = "main",
    progress: Progress | None = None,
    endpoint: str | None = None,
    token: str | None = None,
) -> Path:
    """Download the parts of ``repo_id`` that a render needs into ``destination`` and verify every byte.

    Files that are there and intact are not fetched again. Pickled weights are never fetched. Raises ModelError when the
    repository is not there, the connection breaks (call again to resume) or a checksum differs.
    """
    try:
        info = HfApi(endpoint=endpoint, token=token or False).model_info(
            repo_id, revision=revision, files_metadata=True
        )
        remote = [_remote(sibling) for sibling in info.siblings or ()]
        files = choose(remote)
        if not files:
            raise ModelError(f"{repo_id} has no weights in the safetensors format.")
        meter = _Meter(sum(file.size for file in files), progress)
        for file in files:
            if not _intact(destination, file):
                url = hf_hub_url(repo_id, file.name, revision=info.sha, endpoint=endpoint)
                _download(url, build_hf_headers(token=token or False), destination / file.name, file, meter)
            meter.reach(file.size)
    except RepositoryNotFoundError as error:
        raise ModelError(f"The hub has no model {repo_id!r}, or it is not public.") from error
    except (httpx2.HTTPError, OSError) as error:
        raise ModelError(f"The download of {repo_id} broke off: fetch it again to go on.") from error
    manifest = {"repo_id": repo_id, "revision": info.sha, "files": [asdict(file) for file in files]}
    (destination / MANIFEST).write_text(json.dumps(manifest, indent=2))
    return destination


def damaged_files(folder: Path) -> list[str]:
    """Names of downloaded files that are missing or differ from what was downloaded; needs no network."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        files = [RemoteFile(**file) for file in manifest["files"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError("The model was not downloaded completely.") from error
    return [file.name for file in files if not _intact(folder, file)]


def choose(files: Iterable[RemoteFile]) -> list[RemoteFile]:
    """What a render needs of a repository: configurations, tokenizers, and each part's weights once."""
    wanted = [file for file in files if any(fnmatch.fnmatch(file.name, pattern) for pattern in _WANTED)]
    names = {file.name for file in wanted}
    if "model_index.json" in names:
        # Beside the parts lies the whole model again, as one file or two.
        wanted = [file for file in wanted if "/" in file.name or file.name.endswith(".json")]
        wanted = [file for file in wanted if PurePosixPath(file.name).parts[0] not in _UNUSED_PARTS]
    chosen = [file for file in wanted if not (_plain_name(file.name) != file.name and _plain_name(file.name) in names)]
    return chosen if any(file.name.endswith(".safetensors") for file in chosen) else []


class _Meter:
    """Adds up what is there of the files in turn."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total = total
        self._progress = progress
        self._before = 0

    def show(self, of_this_file: int) -> None:
        if self._progress is not None:
            self._progress(self._before + of_this_file, self._total)

    def reach(self, size: int) -> None:
        """A file of ``size`` bytes is complete."""
        self.show(size)
        self._before += size


def _download(url: str, headers: dict[str, str], path: Path, file: RemoteFile, meter: _Meter) -> None:
    """Fetch one file by way of ``<name>.part``, which a later attempt goes on with. (The hub's own client starts
    over.)
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    have = part.stat().st_size if part.exists() else 0
    if have < file.size or not have:
        wanted = {**headers, "Range": f"bytes={have}-"} if have else headers
        with httpx2.stream("GET", url, headers=wanted, follow_redirects=True, timeout=_PATIENCE) as response:
            response.raise_for_status()
            resumed = response.status_code == httpx2.codes.PARTIAL_CONTENT
            with part.open("ab" if resumed else "wb") as out:
                for chunk in response.iter_bytes(_PIECE):
                    out.write(chunk)
                    meter.show(out.tell())
    if not _matches(part, file):
        part.unlink()
        raise ModelError(f"{file.name} arrived damaged: fetch it again.")
    os.replace(part, path)


def _plain_name(name: str) -> str:
    """``unet/model.fp16.safetensors`` to ``unet/model.safetensors``: the same weights in another precision."""
    return name.replace(".fp16.", ".").replace(".non_ema.", ".")


def _remote(sibling: object) -> RemoteFile:
    large = getattr(sibling, "lfs", None)
    name, size = sibling.rfilename, int(sibling.size or 0)  # type: ignore[attr-defined]
    return RemoteFile(name, size, large.sha256 if large else None, None if large else getattr(sibling, "blob_id", None))


def _intact(folder: Path, file: RemoteFile) -> bool:
    return _matches(folder / file.name, file)


def _matches(path: Path, file: RemoteFile) -> bool:
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    if file.sha256 is None and file.blob_sha1 is None:
        return True
    # Git names a small file by the SHA-1 of a header and its content.
    digest = hashlib.sha256() if file.sha256 else hashlib.sha1(f"blob {file.size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest() == (file.sha256 or file.blob_sha1)
