"""Rendering over the API in tests: ask, watch, fetch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rest_framework.test import APIClient

from accounts.models import User
from studio.models import RenderJob
from studio.rendering.media.probe import MediaInfo, probe
from tenants.scope import all_tenants
from tests.waiting import until

Row = dict[str, Any]
DEFORUM = {
    "type": "deforum",
    "prompt": "a sea of glass",
    "length": 2,
    "fps": 12,
    "seed": 7,
    "frameCount": 3,
    "schedules": {"zoom": "0:(1.02)", "angle": "0:(0), 23:(20)"},
}


def ask(api: APIClient, path: str, **body: Any) -> Row:
    answer = api.post(path, body)
    assert answer.status_code == 200, answer.json()
    return answer.json()["data"]


def watch(api: APIClient, row: Row, *states: str) -> Row:
    """The row once the video is in one of the states."""

    def look() -> Row | None:
        now = api.get(f"/status/{row['videoId']}").json()["data"]
        assert now["status"] in (*states, "processing", "approved"), now
        return now if now["status"] in states else None

    return until(look, f"render in {states}")


def fetch(api: APIClient, url: str, folder: Path) -> Path:
    path = folder / url.rsplit("/", 1)[-1]
    path.write_bytes(b"".join(api.get(url).streaming_content))
    return path


def frame_hashes(api: APIClient, row: Row, folder: Path) -> list[str]:
    table = fetch(api, row["frame_table_url"], folder).read_text()
    return [json.loads(line)["sha256"] for line in table.splitlines()]


def result(api: APIClient, row: Row, folder: Path) -> tuple[list[str], bytes, MediaInfo]:
    """Frame hashes, the bytes of the finished video, and what it is."""
    video = fetch(api, row["output_url"], folder)
    return frame_hashes(api, row, folder), video.read_bytes(), probe(video)


def finished(api: APIClient, **body: Any) -> Row:
    """Preview and final of a Deforum prompt, both rendered."""
    preview = watch(api, ask(api, "/api/generate", **body), "preview")
    return watch(api, ask(api, "/api/finalize", videoId=preview["videoId"]), "finished")


def newest(owner: User) -> RenderJob:
    with all_tenants():
        return RenderJob.objects.filter(owner=owner).latest("pk")
