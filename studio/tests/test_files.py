"""Signed links and HTTP Range."""

from __future__ import annotations

import pytest
from django.core import signing
from django.test import Client
from pytest_django import Settings

from studio.models import MediaFile
from studio.services.files.store import LINK_SALT, drop_files, file_url
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db


def get(client: Client, file: MediaFile, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    response = client.get(file_url(file), headers=headers)
    return response.status_code, response.getvalue(), dict(response.headers)


def test_the_whole_file(client: Client, stored: MediaFile, content: bytes) -> None:
    status, body, headers = get(client, stored)
    assert (status, body) == (200, content)
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Content-Type"] == "video/mp4"
    assert headers["X-Content-Type-Options"] == "nosniff"


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
