"""Files as people have them, and as attackers make them, over HTTP: taken for what they are, or refused by name."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from PIL import Image
from rest_framework.test import APIClient

from effects.models import Effect
from studio.models import MediaFile, Video
from studio.rendering.media import sandbox
from studio.rendering.media.probe import mime_type
from studio.rendering.media.tests.bombs import BOMBS, many_samples_mp4, write_bomb
from studio.rendering.media.tests.clips import write_numbered
from studio.tests.applied import announcement
from tenants.scope import all_tenants

pytestmark = pytest.mark.django_db

FILES = Path(sandbox.__file__).parent / "tests" / "files"
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def upload(api: APIClient, path: Path, name: str | None = None) -> HttpResponse:
    attachment = SimpleUploadedFile(name or path.name, path.read_bytes())
    return api.post("/api/upload", {"type": "vid2vid", "attachment": attachment}, format="multipart")


def rows() -> tuple[int, int]:
    with all_tenants():
        return Video.objects.count(), MediaFile.objects.count()


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("jpeg_with_gain_map.jpg", {"width": 320, "height": 240, "frame_count": 1}),
        ("two_pictures.mpo.jpg", {"width": 320, "height": 240, "frame_count": 1}),
        ("sound_of_an_unknown_codec_first.mov", {"width": 96, "height": 64, "frame_count": 10, "notes": []}),
        ("comment_latin1.gif", {"frame_count": 2, "duration": 0.2, "fps": "10"}),
        ("comment_after_last_frame.gif", {"frame_count": 2, "duration": 0.2, "fps": "10"}),
        ("interlaced.mp4", {"frame_count": 25, "duration": 1.0, "fps": "25"}),
    ],
)
def test_real_files_are_taken_for_what_they_are(api: APIClient, name: str, figures: dict[str, Any]) -> None:
    answer = upload(api, FILES / name)
    assert answer.status_code == 201, answer.json()
    data = answer.json()["data"]
    assert {key: data[key] for key in figures} == figures


@pytest.mark.parametrize("size", [(4032, 3024), (8192, 6144)])
def test_photos_of_phones_are_taken(api: APIClient, tmp_path: Path, size: tuple[int, int]) -> None:
    Image.linear_gradient("L").resize(size).save(tmp_path / "photo.jpg", quality=60)
    answer = upload(api, tmp_path / "photo.jpg")
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["data"]["width"], answer.json()["data"]["height"]) == size


def test_a_film_whose_sound_nobody_reads_is_taken_with_a_note(api: APIClient, tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mov", *H264, "-c:a", "pcm_s16le", sound=True)
    path.write_bytes(path.read_bytes().replace(b"sowt", b"zzzz"))
    answer = upload(api, path)
    assert answer.status_code == 201, answer.json()
    assert len(answer.json()["data"]["notes"]) == 1
    assert "sound" in answer.json()["data"]["notes"][0]


def test_a_picture_that_nobody_reads_is_refused_by_that_name(api: APIClient, tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mov", *H264)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    answer = upload(api, path)
    assert answer.status_code == 422, answer.json()
    assert "codec" in answer.json()["data"]["attachment"][0]


def test_pixels_of_an_impossible_shape_store_nothing_impossible(
    api: APIClient, tmp_path: Path, stored_blobs: Callable[[], set[str]]
) -> None:
    path = write_numbered(tmp_path / "a.mov", "-c:v", "qtrle", "-vf", "setsar=2/1")
    data = path.read_bytes()
    at = data.index(b"pasp") + 4
    path.write_bytes(data[:at] + (2**31).to_bytes(4) + data[at + 4 :])
    before = stored_blobs()
    answer = upload(api, path)
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["data"]["width"], answer.json()["data"]["height"]) == (64, 48)
    assert len(stored_blobs() - before) == 1


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_in_time_and_leave_nothing(
    api: APIClient, tmp_path: Path, name: str, stored_blobs: Callable[[], set[str]]
) -> None:
    before = stored_blobs()
    bomb = write_bomb(name, tmp_path)
    started = time.process_time()
    answer = upload(api, bomb)
    assert time.process_time() - started < 3, "the web process itself has nothing to do with it"
    if name == "chunks.png":
        assert answer.status_code == 201, answer.json()
    else:
        assert answer.status_code == 422, answer.json()
        assert list(answer.json()["data"]) == ["attachment"]
        assert (rows(), stored_blobs()) == ((0, 0), before)


def test_a_bomb_that_was_announced_is_rejected(
    api: APIClient, client: Client, cartoon: Effect, stored_blobs: Callable[[], set[str]]
) -> None:
    before = stored_blobs()
    content = many_samples_mp4()
    ticket = api.post("/api/videos/uploads", announcement(cartoon, content)).json()["data"]
    sent = client.put(ticket["upload_url"], content, content_type="video/mp4", headers=ticket["upload_headers"])
    assert sent.status_code == 200, sent.content
    answer = api.post(f"/api/files/{ticket['file']['id']}/complete")
    assert (answer.status_code, answer.json()["code"]) == (422, "file_rejected"), answer.json()
    assert list(answer.json()["data"]) == ["file"]
    assert stored_blobs() == before


@contextmanager
def everybody_busy(folder: Path) -> Iterator[None]:
    """Every helper looks at something that takes as long as we like, and as many wait as may."""
    slow = folder / "slow.mp4"
    os.mkfifo(slow)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(mime_type, slow) for _ in range(8)]
        while sum(future.done() for future in asked) < 3:
            wait(asked, timeout=0.05)
        try:
            yield
        finally:
            while not all(future.done() for future in asked):
                with suppress(OSError):
                    os.close(os.open(slow, os.O_WRONLY | os.O_NONBLOCK))
                wait(asked, timeout=0.05)


def test_too_many_at_once_are_told_when_to_come_again(
    api: APIClient, client: Client, cartoon: Effect, clip: bytes, tmp_path: Path, stored_blobs: Callable[[], set[str]]
) -> None:
    before = stored_blobs()
    ticket = api.post("/api/videos/uploads", announcement(cartoon, clip)).json()["data"]

    def send() -> HttpResponse:
        return client.put(ticket["upload_url"], clip, content_type="video/mp4", headers=ticket["upload_headers"])

    with everybody_busy(tmp_path):
        answer = upload(api, FILES / "interlaced.mp4")
        assert (answer.status_code, answer.json()["code"]) == (503, "media_busy"), answer.json()
        assert answer.headers["Retry-After"].isdigit()
        assert send().status_code == 503
    assert (rows(), stored_blobs()) == ((0, 1), before)
    assert upload(api, FILES / "interlaced.mp4").status_code == 201
    assert send().status_code == 200


@pytest.mark.parametrize(
    "name",
    ["a.m\x7fv", "a.?#", "a." + "x" * 240, "ü.möv", "a b.mp4 ", ".mp4", "a.mp4\u2028", "a/../b.mp4"],
)
def test_no_name_is_too_odd(api: APIClient, client: Client, name: str) -> None:
    answer = upload(api, FILES / "interlaced.mp4", name)
    assert answer.status_code in (201, 422), answer.json()
    if answer.status_code == 201:
        link = answer.json()["data"]["media_url"]
        assert client.get(link).status_code == 200
