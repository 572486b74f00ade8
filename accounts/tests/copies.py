"""Copies of a user's data in tests: made by the task, fetched and opened as a user would."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

from rest_framework.test import APIClient

from accounts.services import personal_data


@dataclass(frozen=True)
class Copy:
    data: dict[str, list[dict[str, Any]]]
    files: dict[str, bytes]
    """By their names in the archive."""


def make_copy(api: APIClient) -> str:
    """Ask for a copy, and make it at once; answers its path."""
    asked = api.post("/api/me/export").json()["data"]["id"]
    personal_data.export(asked)
    return f"/api/me/export/{asked}"


def fetch_copy(api: APIClient, path: str) -> Copy:
    answer = api.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert answer["Content-Disposition"] == 'attachment; filename="my-data.zip"'
    return open_copy(b"".join(answer.streaming_content))


def open_copy(content: bytes) -> Copy:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    return Copy(data=json.loads(files.pop("data.json")), files=files)
