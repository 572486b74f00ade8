"""POST /api/upload: good files are stored, bad ones are refused by name and leave nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings
from rest_framework.test import APIClient

from studio.models import MediaFile, Video
from tenants.scope import all_tenants

pytestmark = pytest.mark.django_db


def upload(api: APIClient, *files: Path, type: str = "vid2vid", name: str | None = None):  # type: ignore[no-untyped-def]
    parts = {
        field: SimpleUploadedFile(name or path.name, path.read_bytes())
        for field, path in zip(("attachment", "soundtrack"), files, strict=False)
    }
    return api.post("/api/upload", {**parts, "type": type}, format="multipart")


def rows() -> tuple[int, int]:
    with all_tenants():
        return Video.objects.count(), MediaFile.objects.count()


def test_an_upload_tells_what_was_found(api: APIClient, media_dir: Path) -> None:
    answer = upload(api, media_dir / "clip.mp4", media_dir / "song.mp3")
    assert answer.status_code == 201, answer.json()
    data = answer.json()["data"]
    assert (data["id"], data["status"], data["type"]) == (data["videoId"], "pending", "vid2vid")
    assert (data["width"], data["height"], data["fps"], data["frame_count"]) == (96, 64, "12", 12)
    assert data["mime_type"] == "video/mp4"
    for url in (data["media_url"], data["soundtrack_url"]):
        assert api.get(url).status_code == 200


def test_one_blob_serves_two_uploads_of_the_same_content(
    api: APIClient, media_dir: Path, stored_blobs: Callable[[], set[str]]
) -> None:
    before = stored_blobs()
    first, second = (upload(api, media_dir / "picture.png").json()["data"] for _ in range(2))
    assert first["id"] != second["id"]
    assert len(stored_blobs() - before) == 1
    assert rows() == (2, 2)


@pytest.fixture(scope="module")
def bad_files(media_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bad")
    whole = (media_dir / "clip.mp4").read_bytes()
    contents = {
        "empty.mp4": b"",
        "text.mp4": b"this is not a video" * 100,
        "program.mp4": b"\x7fELF" + bytes(4000),
        "truncated.mp4": whole[: len(whole) // 2],
        # A PNG that declares 60,000 x 60,000 pixels.
        "bomb.png": (media_dir / "picture.png").read_bytes()[:16] + (60000).to_bytes(4, "big") * 2 + bytes(200),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {path.name: path for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["empty.mp4", "text.mp4", "program.mp4", "truncated.mp4", "bomb.png"])
def test_bad_files_are_refused_without_a_trace(
    api: APIClient, bad_files: dict[str, Path], name: str, stored_blobs: Callable[[], set[str]]
) -> None:
    before = stored_blobs()
    answer = upload(api, bad_files[name])
    assert answer.status_code == 422, answer.json()
    assert answer.json()["data"]["attachment"]
    assert rows() == (0, 0)
    assert stored_blobs() == before


def test_a_bad_soundtrack_takes_the_good_clip_with_it(
    api: APIClient, media_dir: Path, bad_files: dict[str, Path], stored_blobs: Callable[[], set[str]]
) -> None:
    before = stored_blobs()
    answer = upload(api, media_dir / "clip.mp4", bad_files["text.mp4"])
    assert answer.status_code == 422
    assert list(answer.json()["data"]) == ["soundtrack"]
    assert (rows(), stored_blobs()) == ((0, 0), before)


def test_content_counts_not_the_name(api: APIClient, media_dir: Path) -> None:
    assert upload(api, media_dir / "clip.mp4", name="holiday.txt").status_code == 201
    assert upload(api, media_dir / "song.mp3", name="song.mp4").status_code == 422


def test_too_large_is_refused_with_the_limit(api: APIClient, media_dir: Path, settings: Settings) -> None:
    settings.MAX_ATTACHMENT_BYTES = 1024**2
    settings.MAX_SOUNDTRACK_BYTES = 1024
    answer = upload(api, media_dir / "clip.mp4", media_dir / "song.mp3")
    assert answer.status_code == 422
    assert "soundtrack" in answer.json()["data"]
    assert rows() == (0, 0)


@pytest.mark.parametrize(
    ("body", "field"), [({"type": "vid2vid"}, "attachment"), ({}, "type"), ({"type": "?"}, "type")]
)
def test_missing_fields_are_named(api: APIClient, body: dict[str, str], field: str) -> None:
    answer = api.post("/api/upload", body, format="multipart")
    assert answer.status_code == 422
    assert field in answer.json()["data"]


def test_json_is_no_upload(api: APIClient) -> None:
    assert api.post("/api/upload", {"type": "vid2vid"}).status_code == 415


def test_uploading_takes_a_login(anonymous: APIClient, media_dir: Path) -> None:
    assert upload(anonymous, media_dir / "picture.png").status_code == 401
    assert rows() == (0, 0)
