"""Signed links and HTTP Range."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core import signing
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from studio.models import MediaFile
from studio.services.files import LINK_SALT, drop_files, file_url, store_file
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored(user: User, media_dir: Path) -> MediaFile:
    with tenant_scope(user.tenant_id):
        return store_file(path=media_dir / "clip.mp4", owner=user, kind=MediaFile.Kind.SOURCE)


@pytest.fixture
def content(media_dir: Path) -> bytes:
    return (media_dir / "clip.mp4").read_bytes()


def get(client: Client, file: MediaFile, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    response = client.get(file_url(file), headers=headers)
    return response.status_code, response.getvalue(), dict(response.headers)


def test_the_whole_file(client: Client, stored: MediaFile, content: bytes) -> None:
    status, body, headers = get(client, stored)
    assert (status, body) == (200, content)
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Content-Type"] == "video/mp4"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-99", 0, 100), ("bytes=100-", 100, None), ("bytes=-50", -50, None), ("bytes=10-999999999", 10, None)],
)
def test_a_range(client: Client, stored: MediaFile, content: bytes, asked: str, start: int, stop: int | None) -> None:
    status, body, headers = get(client, stored, range=asked)
    assert (status, body) == (206, content[start:stop])
    first = start % len(content)
    assert headers["Content-Range"] == f"bytes {first}-{first + len(body) - 1}/{len(content)}"
    assert headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize("asked", ["bytes=999999999-", "bytes=5-2", "bytes=-0"])
def test_a_range_outside_the_file(client: Client, stored: MediaFile, content: bytes, asked: str) -> None:
    status, body, headers = get(client, stored, range=asked)
    assert (status, body, headers["Content-Range"]) == (416, b"", f"bytes */{len(content)}")


@pytest.mark.parametrize("asked", ["bytes=a-b", "items=0-5", "bytes=0-1,5-6"])
def test_a_range_we_do_not_speak_gets_the_whole(client: Client, stored: MediaFile, content: bytes, asked: str) -> None:
    assert get(client, stored, range=asked)[:2] == (200, content)


def test_a_range_of_another_version_gets_the_whole(client: Client, stored: MediaFile, content: bytes) -> None:
    assert get(client, stored, range="bytes=0-9", **{"if-range": '"another"'})[:2] == (200, content)
    assert get(client, stored, range="bytes=0-9", **{"if-range": f'"{stored.sha256}"'})[0] == 206
    assert get(client, stored, **{"if-none-match": f'"{stored.sha256}"'})[0] == 304


def test_a_link_is_forged_expires_and_dies_with_its_file(client: Client, stored: MediaFile, settings: Settings) -> None:
    url = file_url(stored)
    assert client.get(url).status_code == 200
    forged = signing.dumps(stored.pk, key="another key", salt=LINK_SALT)
    assert client.get(f"/files/{forged}/x.mp4").status_code == 404
    settings.FILE_URL_SECONDS = -1
    assert client.get(url).status_code == 404
    settings.FILE_URL_SECONDS = 60
    assert client.get(url).status_code == 200
    with tenant_scope(stored.tenant_id):
        drop_files([stored])
    assert client.get(url).status_code == 404


def test_nothing_but_reading(client: Client, stored: MediaFile) -> None:
    assert client.post(file_url(stored)).status_code == 405
    assert client.head(file_url(stored)).headers["Content-Length"] == str(stored.size)
