"""Presigned uploads to our own URL: announced, sent, verified, swept; and what is refused on the way."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core import signing
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from effects.models import Effect
from studio.models import MediaFile
from studio.services.files.upload_targets import TOKEN_SALT
from studio.tests.applied import ClientOf, Upload, announcement
from tenants.scope import all_tenants
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

URL = "/api/videos/uploads"


@pytest.fixture(autouse=True)
def _empty_folder() -> None:
    # Other tests' rows went with their transactions; what they sent is still there.
    shutil.rmtree(_folder(), ignore_errors=True)


def _folder() -> Path:
    return Path(django_settings.WORK_DIR) / "uploads"


def waiting() -> set[str]:
    """What lies in the folder of uploads."""
    return {str(path.relative_to(_folder())) for path in _folder().rglob("*")} if _folder().exists() else set()


def files() -> list[MediaFile]:
    with all_tenants():
        return list(MediaFile.objects.order_by("pk"))


def send(client: Client, ticket: dict[str, Any], content: bytes, **changes: str) -> HttpResponse:
    headers = {**ticket["upload_headers"], **changes}
    return client.put(ticket["upload_url"], content, content_type=headers.pop("Content-Type"), headers=headers)


@pytest.fixture
def ticket(api: APIClient, cartoon: Effect, clip: bytes) -> dict[str, Any]:
    """An announced upload of the clip."""
    return api.post(URL, announcement(cartoon, clip)).json()["data"]


class TestAnnounce:
    def test_the_answer_is_the_documents(self, api: APIClient, cartoon: Effect) -> None:
        body = {
            "effect_id": cartoon.pk,
            "mime_type": "video/mp4",
            "size": 15728640,
            "original_filename": "my-video.mp4",
        }
        answer = api.post(URL, body)
        assert (answer.status_code, answer.json()["message"]) == (200, "Upload initialized successfully")
        data = answer.json()["data"]
        assert list(data)[:4] == ["file", "upload_url", "upload_headers", "expires_in"]
        file_id = data["file"]["id"]
        assert list(data["file"].items()) == [
            ("id", file_id),
            ("original_filename", "my-video.mp4"),
            ("mime_type", "video/mp4"),
            ("size", 15728640),
            ("status", "pending_upload"),
        ]
        assert data["upload_url"].startswith("http://testserver/uploads/")
        assert data["upload_headers"] == {"Content-Type": "video/mp4", "x-amz-meta-file-id": str(file_id)}
        assert data["expires_in"] == 3600
        assert data["multipart"] is None

    @pytest.mark.parametrize("mime_type", ["video/mp4", "video/quicktime", "video/webm", "video/x-matroska"])
    def test_the_four_types(self, api: APIClient, cartoon: Effect, mime_type: str) -> None:
        assert api.post(URL, announcement(cartoon, b"x", mime_type=mime_type)).status_code == 200

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"effect_id": None}, "effect_id"),
            ({"effect_id": "many"}, "effect_id"),
            ({"effect_id": 2**70}, "effect_id"),
            ({"effect_id": 999_999}, "effect_id"),
            ({"mime_type": None}, "mime_type"),
            ({"mime_type": "video/x-msvideo"}, "mime_type"),
            ({"mime_type": "image/png"}, "mime_type"),
            ({"size": None}, "size"),
            ({"size": 0}, "size"),
            ({"size": -1}, "size"),
            ({"size": 1024**3 + 1}, "size"),
            ({"size": 10**30}, "size"),
            ({"original_filename": ""}, "original_filename"),
            ({"original_filename": "x" * 513}, "original_filename"),
            ({"original_filename": "a\0.mp4"}, "original_filename"),
            ({"original_filename": "a\r\nSet-Cookie: x"}, "original_filename"),
            ({"file_hash": "x" * 256}, "file_hash"),
        ],
    )
    def test_what_breaks_a_rule_is_named(
        self, api: APIClient, cartoon: Effect, changes: dict[str, Any], field: str
    ) -> None:
        answer = api.post(URL, announcement(cartoon, b"x", **changes))
        assert (answer.status_code, list(answer.json()["data"])) == (422, [field]), answer.json()
        assert files() == []

    def test_the_largest_file(self, api: APIClient, cartoon: Effect) -> None:
        assert api.post(URL, announcement(cartoon, b"", size=1024**3)).status_code == 200

    @pytest.mark.parametrize("changes", [{"is_active": False}, {"deleted_at": timezone.now()}])
    def test_an_effect_that_is_gone_is_404(self, api: APIClient, cartoon: Effect, changes: dict[str, Any]) -> None:
        Effect.objects.filter(pk=cartoon.pk).update(**changes)
        assert api.post(URL, announcement(cartoon, b"x")).status_code == 404

    def test_no_url_without_the_credits(self, api: APIClient, cartoon: Effect) -> None:
        Effect.objects.filter(pk=cartoon.pk).update(credits_cost=51)
        answer = api.post(URL, announcement(cartoon, b"x"))
        assert (answer.status_code, answer.json()["code"]) == (422, "insufficient_credits")
        assert answer.json()["data"] == {"required_tokens": 51, "balance": 50}
        assert files() == []

    def test_a_tenants_quota_counts_what_is_announced(
        self,
        api: APIClient,
        user: User,
        cartoon: Effect,
        make_user: UserFactory,
        client_of: ClientOf,
        settings: Settings,
    ) -> None:
        settings.TENANT_STORAGE_BYTES = 100
        colleague, stranger = client_of(make_user(tenant=user.tenant)), client_of(make_user())
        assert api.post(URL, announcement(cartoon, b"", size=60)).status_code == 200
        answer = colleague.post(URL, announcement(cartoon, b"", size=41))
        assert (answer.status_code, answer.json()["code"]) == (422, "storage_full")
        assert answer.json()["data"] == {"used": 60, "size": 41, "limit": 100}
        assert colleague.post(URL, announcement(cartoon, b"", size=40)).status_code == 200
        assert stranger.post(URL, announcement(cartoon, b"", size=100)).status_code == 200

    def test_it_takes_a_login(self, anonymous: APIClient, cartoon: Effect) -> None:
        assert anonymous.post(URL, announcement(cartoon, b"x")).status_code == 401

    def test_queries(self, api: APIClient, cartoon: Effect, settings: Any) -> None:
        # What may be changed while it runs is kept for a moment, as in a running studio.
        settings.RUNTIME_SETTINGS_SECONDS = 60
        api.post(URL, announcement(cartoon, b"x"))
        with CaptureQueriesContext(connection) as caught:
            api.post(URL, announcement(cartoon, b"x"))
        assert len(caught) <= 10, [query["sql"] for query in caught]


class TestSend:
    def test_it_needs_no_login_and_is_verified_on_demand(
        self, api: APIClient, client: Client, ticket: dict[str, Any], clip: bytes
    ) -> None:
        file_id = ticket["file"]["id"]
        assert send(client, ticket, clip).status_code == 200
        assert api.get(f"/api/files/{file_id}").json()["data"]["status"] == "pending_upload"
        answer = api.post(f"/api/files/{file_id}/complete")
        assert answer.status_code == 200, answer.json()
        data = answer.json()["data"]
        assert (data["status"], data["size"], data["mime_type"]) == ("ready", len(clip), "video/mp4")
        assert (data["width"], data["height"], data["frame_count"], data["has_audio"]) == (96, 64, 12, True)
        assert data["sha256"] == hashlib.sha256(clip).hexdigest()
        assert client.get(data["url"]).getvalue() == clip
        assert waiting() == set()
        again = api.post(f"/api/files/{file_id}/complete").json()["data"]
        # The link is signed at the second in which it is asked for.
        assert {**again, "url": data["url"]} == data

    def test_one_blob_serves_two_files(
        self, api: APIClient, upload_clip: Upload, stored_blobs: Callable[[], set[str]]
    ) -> None:
        before = stored_blobs()
        for file_id in (upload_clip(), upload_clip()):
            assert api.post(f"/api/files/{file_id}/complete").status_code == 200
        first, second = files()
        assert (first.pk != second.pk, first.storage_key == second.storage_key) == (True, True)
        assert len(stored_blobs() - before) == 1

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"Content-Type": "video/webm"}, 403),
            ({"x-amz-meta-file-id": "1"}, 403),
            ({"Content-Length": ""}, 411),
            ({"Content-Length": "999999999"}, 413),
            ({"Content-Length": "9" * 5000}, 413),
            ({"Content-Length": "\u00b2"}, 411),
            ({"Content-Length": "-1"}, 411),
        ],
    )
    def test_an_altered_header_is_refused(
        self, client: Client, ticket: dict[str, Any], clip: bytes, changes: dict[str, str], status: int
    ) -> None:
        assert send(client, ticket, clip, **changes).status_code == status
        assert waiting() == set()

    @pytest.mark.parametrize(
        ("cut", "status"), [(lambda c: c[:-1], 400), (lambda c: c + b"x", 413), (lambda c: c[:1], 400)]
    )
    def test_another_size_is_refused_without_a_trace(
        self, client: Client, ticket: dict[str, Any], clip: bytes, cut: Callable[[bytes], bytes], status: int
    ) -> None:
        assert send(client, ticket, cut(clip)).status_code == status
        assert waiting() == set()

    @pytest.mark.parametrize("other", ["picture.png", "song.mp3", None])
    def test_another_type_is_refused_without_a_trace(
        self, api: APIClient, client: Client, cartoon: Effect, media_dir: Path, other: str | None
    ) -> None:
        content = (media_dir / other).read_bytes() if other else b"not a video at all" * 100
        ticket = api.post(URL, announcement(cartoon, content)).json()["data"]
        answer = send(client, ticket, content)
        assert (answer.status_code, answer.json()["code"]) == (415, "type_mismatch")
        assert waiting() == set()

    def test_it_may_be_sent_again_until_it_is_verified(
        self, api: APIClient, client: Client, ticket: dict[str, Any], clip: bytes
    ) -> None:
        assert [send(client, ticket, clip).status_code for _ in range(2)] == [200, 200]
        api.post(f"/api/files/{ticket['file']['id']}/complete")
        answer = send(client, ticket, clip)
        assert (answer.status_code, answer.json()["code"]) == (409, "upload_finished")
        assert waiting() == set()

    def test_a_forged_or_expired_url(
        self, client: Client, ticket: dict[str, Any], clip: bytes, settings: Settings
    ) -> None:
        forged = signing.dumps(ticket["file"]["id"], key="another key", salt=TOKEN_SALT)
        assert send(client, {**ticket, "upload_url": f"/uploads/{forged}"}, clip).status_code == 403
        settings.UPLOAD_URL_SECONDS = -1
        assert send(client, ticket, clip).status_code == 403
        assert waiting() == set()

    def test_nothing_but_put(self, client: Client, ticket: dict[str, Any]) -> None:
        assert client.get(ticket["upload_url"]).status_code == 405
        assert client.post(ticket["upload_url"]).status_code == 405


class TestVerify:
    def test_what_has_not_arrived(self, api: APIClient, ticket: dict[str, Any]) -> None:
        answer = api.post(f"/api/files/{ticket['file']['id']}/complete")
        assert (answer.status_code, answer.json()["code"]) == (422, "file_not_uploaded")
        assert files()[0].status == "pending_upload"

    def test_a_damaged_video_is_rejected_for_good(
        self, api: APIClient, upload_clip: Upload, clip: bytes, stored_blobs: Callable[[], set[str]]
    ) -> None:
        before = stored_blobs()
        file_id = upload_clip(content=clip[: len(clip) // 2])
        for _ in range(2):
            answer = api.post(f"/api/files/{file_id}/complete")
            assert (answer.status_code, answer.json()["code"]) == (422, "file_rejected"), answer.json()
        detail = api.get(f"/api/files/{file_id}").json()["data"]
        assert (detail["status"], detail["url"]) == ("rejected", None)
        assert answer.json()["data"]["file"] == [detail["error"]]
        assert (waiting(), stored_blobs()) == (set(), before)

    @pytest.mark.parametrize(("hashed", "status"), [(b"another", 422), (None, 200)])
    def test_the_announced_hash_is_held_to(
        self, api: APIClient, upload_clip: Upload, clip: bytes, hashed: bytes | None, status: int
    ) -> None:
        file_id = upload_clip(file_hash=hashlib.sha256(hashed or clip).hexdigest())
        assert api.post(f"/api/files/{file_id}/complete").status_code == status


class TestStrangers:
    @pytest.mark.parametrize(("method", "url"), [("get", "/api/files/{id}"), ("post", "/api/files/{id}/complete")])
    def test_anonymous_401_colleague_403_stranger_404(
        self,
        anonymous: APIClient,
        user: User,
        upload_clip: Upload,
        make_user: UserFactory,
        client_of: ClientOf,
        method: str,
        url: str,
    ) -> None:
        path = url.format(id=upload_clip())
        colleague, stranger = client_of(make_user(tenant=user.tenant)), client_of(make_user())
        for client, expected in ((anonymous, 401), (colleague, 403), (stranger, 404)):
            assert getattr(client, method)(path).status_code == expected
        assert files()[0].status == "pending_upload"


class TestSweep:
    def test_only_what_expired_unused_is_swept(
        self, api: APIClient, upload_clip: Upload, stored_blobs: Callable[[], set[str]], clip: bytes
    ) -> None:
        unsent, _unused, used, fresh = (upload_clip() for _ in range(4))
        rejected = upload_clip(content=clip[:-100])
        api.post(f"/api/files/{used}/complete")
        api.post(f"/api/files/{rejected}/complete")
        blobs = stored_blobs()
        with all_tenants():
            MediaFile.objects.exclude(pk=fresh).update(expires_at=timezone.now() - timedelta(seconds=1))
            kept = Path(MediaFile.objects.get(pk=fresh).upload_key).name
            (Path(django_settings.WORK_DIR) / MediaFile.objects.get(pk=unsent).upload_key).unlink()
        call_command("reap", once=True)
        assert [file.pk for file in files()] == [used, fresh]
        assert files()[0].upload_key == ""
        assert waiting() == {kept}
        assert stored_blobs() == blobs
        with all_tenants():
            MediaFile.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        call_command("reap", once=True)
        assert [file.pk for file in files()] == [used]
        assert waiting() == set()
