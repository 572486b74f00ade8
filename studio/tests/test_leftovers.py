"""Nothing is left of what failed, was deleted, was announced and never came, or was killed in the middle."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from effects.models import Effect
from gallery.models import GalleryItem
from studio.models import MediaFile, ModelFile, RenderJob, Video
from studio.services.files.store import file_url, store_file
from studio.tests.applied import Finish, Upload, announcement
from tenants.scope import all_tenants, tenant_scope

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[2]


def scratch() -> set[Path]:
    """Files in the folders for temporary ones."""
    return {path for path in (Path(django_settings.WORK_DIR) / "scratch").rglob("*") if path.is_file()}


def upload(api: APIClient, *contents: bytes, **values: Any) -> HttpResponse:
    names = zip(("attachment", "soundtrack"), contents, strict=False)
    parts = {field: SimpleUploadedFile(f"{field}.mp4", content) for field, content in names}
    return api.post("/api/upload", {"type": "vid2vid", **parts, **values}, format="multipart")


@contextmanager
def refusing(table: str) -> Iterator[None]:
    """A database that takes no row of a table any more."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT refuse_all CHECK (false) NOT VALID")
        yield
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT refuse_all")


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process may grow beyond this: the kernel refuses the rest, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


class TestFailed:
    @pytest.mark.parametrize("table", ["studio_video", "studio_mediafile"])
    def test_no_blob_of_an_upload_that_the_database_refused(
        self, api: APIClient, clip: bytes, stored_blobs: Callable[[], set[str]], table: str
    ) -> None:
        before = stored_blobs()
        api.raise_request_exception = False
        with refusing(table):
            assert upload(api, clip).status_code == 500
        assert (stored_blobs(), scratch()) == (before, set())
        assert upload(api, clip).status_code == 201

    def test_no_room_for_the_body(self, api: APIClient, clip: bytes, stored_blobs: Callable[[], set[str]]) -> None:
        before = stored_blobs()
        with largest_file(len(clip) // 2):
            answer = upload(api, clip)
        assert (answer.status_code, answer.json()["code"]) == (507, "disk_full"), answer.json()
        assert answer.headers["Retry-After"].isdigit()
        assert (stored_blobs(), scratch()) == (before, set())
        with all_tenants():
            assert not MediaFile.objects.exists()
        assert upload(api, clip).status_code == 201

    def test_no_room_for_what_was_announced(
        self, api: APIClient, client: Client, cartoon: Effect, clip: bytes, stored_blobs: Callable[[], set[str]]
    ) -> None:
        ticket = api.post("/api/videos/uploads", announcement(cartoon, clip)).json()["data"]

        def send() -> HttpResponse:
            return client.put(ticket["upload_url"], clip, content_type="video/mp4", headers=ticket["upload_headers"])

        with largest_file(len(clip) // 2):
            answer = send()
        assert (answer.status_code, answer.json()["code"]) == (507, "disk_full"), answer.content
        assert scratch() == set()
        assert send().status_code == 200
        before = stored_blobs()
        with largest_file(len(clip) // 2):
            answer = api.post(f"/api/files/{ticket['file']['id']}/complete")
        assert (answer.status_code, answer.json()["code"]) == (507, "disk_full"), answer.content
        assert (stored_blobs(), scratch()) == (before, set())
        assert api.post(f"/api/files/{ticket['file']['id']}/complete").status_code == 200


@pytest.fixture
def completed(api: APIClient, cartoon: Effect, video_id: int, tiny_model: ModelFile, finish: Finish) -> int:
    """The id of a video that was rendered."""
    answer = api.post("/api/ai-jobs", {"effect_id": cartoon.pk, "video_id": video_id, "idempotency_key": "one"})
    finish(answer.json()["data"]["id"])
    return video_id


class TestDeleted:
    def test_its_files_its_quota_and_its_links_go(
        self, api: APIClient, client: Client, completed: int, stored_blobs: Callable[[], set[str]], settings: Settings
    ) -> None:
        video = api.get(f"/api/videos/{completed}").json()["data"]
        links = [video["original_file_url"], video["processed_file_url"], video["thumbnail_url"]]
        assert {client.get(link).status_code for link in links} == {200}
        with all_tenants():
            keys = set(MediaFile.objects.values_list("storage_key", flat=True))
        assert api.delete(f"/api/videos/{completed}").status_code == 204
        assert {client.get(link).status_code for link in links} == {404}
        assert not keys & stored_blobs()
        settings.TENANT_STORAGE_BYTES = 1
        assert upload(api, b"x" * 9).status_code == 422
        with all_tenants():
            assert not MediaFile.objects.exclude(storage_key="").exists()
            assert RenderJob.objects.get().price == 10, "what was paid for stays on record"

    def test_the_list_of_jobs_still_answers(self, api: APIClient, completed: int) -> None:
        with all_tenants():
            job = RenderJob.objects.get()
        api.delete(f"/api/videos/{completed}")
        data = api.get(f"/api/ai-jobs/{job.pk}").json()["data"]
        assert (data["status"], data["output_url"]) == ("completed", None)

    def test_what_another_video_uses_stays(
        self, api: APIClient, client: Client, cartoon: Effect, completed: int, stored_blobs: Callable[[], set[str]]
    ) -> None:
        with all_tenants():
            video = Video.objects.get(pk=completed)
        same = api.post("/api/videos", {"effect_id": cartoon.pk, "original_file_id": video.source_id}).json()["data"]
        of_output = api.post("/api/videos", {"effect_id": cartoon.pk, "original_file_id": video.output_id}).json()
        api.delete(f"/api/videos/{completed}")
        for pk in (same["id"], of_output["data"]["id"]):
            link = api.get(f"/api/videos/{pk}").json()["data"]["original_file_url"]
            assert client.get(link).status_code == 200
        for pk in (same["id"], of_output["data"]["id"]):
            assert api.delete(f"/api/videos/{pk}").status_code == 204
        with all_tenants():
            assert not MediaFile.objects.exclude(storage_key="").exists()

    def test_a_blob_that_another_row_shares_stays(
        self, api: APIClient, client: Client, clip: bytes, stored_blobs: Callable[[], set[str]]
    ) -> None:
        first, second = (upload(api, clip).json()["data"] for _ in range(2))
        before = stored_blobs()
        api.delete(f"/api/videos/{first['id']}")
        assert stored_blobs() == before
        assert client.get(first["media_url"]).status_code == 404
        assert client.get(second["media_url"]).status_code == 200
        api.delete(f"/api/videos/{second['id']}")
        assert len(before - stored_blobs()) == 1

    def test_what_the_gallery_showed_is_gone_and_its_row_stays(
        self, api: APIClient, client: Client, completed: int
    ) -> None:
        api.post(f"/api/videos/{completed}/publish")
        with all_tenants():
            link = file_url(GalleryItem.objects.get().processed_file)
        api.delete(f"/api/videos/{completed}")
        assert client.get(link).status_code == 404
        with all_tenants():
            item = GalleryItem.objects.get()
            assert (item.published_at, item.processed_file.storage_key) == (None, "")

    def test_a_checkpoint_that_a_waiting_render_goes_on_from_stays(
        self, api: APIClient, user: User, completed: int, video_id: int, media_dir: Path, upload_clip: Upload
    ) -> None:
        with all_tenants():
            job = RenderJob.objects.get()
            job.checkpoint = store_file(path=media_dir / "song.mp3", owner=user, kind=MediaFile.Kind.CHECKPOINT)
            job.save(update_fields=["checkpoint"])
            other = Video.objects.create(tenant_id=user.tenant_id, owner=user, type="deforum")
            RenderJob.objects.filter(pk=job.pk).update(status="completed")
            going_on = RenderJob.objects.create(
                tenant_id=user.tenant_id,
                owner=user,
                video=other,
                purpose="final",
                workflow="deforum",
                model_file=job.model_file,
                parameters={},
                plan={},
                queue=job.queue,
                frames_total=20,
                continues=job,
            )
        api.delete(f"/api/videos/{completed}")
        with all_tenants():
            kept = RenderJob.objects.get(pk=going_on.continues_id).checkpoint
            assert kept
            assert default_storage.exists(kept.storage_key)


class TestAnnounced:
    def test_only_so_many_at_once(self, api: APIClient, cartoon: Effect, settings: Settings) -> None:
        settings.MAX_OPEN_UPLOADS = 2
        answers = [api.post("/api/videos/uploads", announcement(cartoon, b"x")) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 422]
        assert answers[2].json()["code"] == "too_many_uploads"
        assert answers[2].json()["data"] == {"open_uploads": 2, "limit": 2}

    def test_what_never_came_counts_until_its_url_expires(
        self, api: APIClient, cartoon: Effect, settings: Settings
    ) -> None:
        settings.TENANT_STORAGE_BYTES = 100
        body = announcement(cartoon, b"", size=100)
        assert api.post("/api/videos/uploads", body).status_code == 200
        assert api.post("/api/videos/uploads", body).status_code == 422
        with all_tenants():
            file = MediaFile.objects.get()
            assert file.expires_at
            valid = (file.expires_at - file.created_at).total_seconds()
            assert valid == pytest.approx(settings.UPLOAD_URL_SECONDS, abs=5)
            MediaFile.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert api.post("/api/videos/uploads", body).status_code == 200
        call_command("reap", once=True)
        with all_tenants():
            assert MediaFile.objects.count() == 1

    def test_what_came_counts_until_it_is_swept(
        self, api: APIClient, cartoon: Effect, upload_clip: Upload, clip: bytes, settings: Settings
    ) -> None:
        settings.TENANT_STORAGE_BYTES = len(clip) + 50
        upload_clip()
        with all_tenants():
            file = MediaFile.objects.get()
            assert file.expires_at
            kept = (file.expires_at - file.created_at).total_seconds()
        assert kept == pytest.approx(settings.UPLOAD_URL_SECONDS + settings.UPLOAD_KEEP_SECONDS, abs=5)
        answer = api.post("/api/videos/uploads", announcement(cartoon, b"", size=51))
        assert (answer.status_code, answer.json()["code"]) == (422, "storage_full")


KILLED = """
import os, signal, sys
import django
django.setup()
from config.platform import scratch
from studio.services.files import blobs
(scratch.upload_folder() / "body.upload").write_bytes(b"half a body")
(scratch.work_folder() / "clip.partial").write_bytes(b"half a clip")
blobs.note_keys({key: "" for key in sys.argv[1:]})
print("ready", flush=True)
signal.pause()
"""


class TestKilled:
    def test_what_a_process_leaves_is_swept_once_it_is_gone(
        self, user: User, media_dir: Path, stored_blobs: Callable[[], set[str]]
    ) -> None:
        with tenant_scope(user.tenant_id):
            named = store_file(path=media_dir / "clip.mp4", owner=user, kind=MediaFile.Kind.SOURCE)
        orphan = default_storage.save(f"{user.tenant_id}/source/orphan.mp4", ContentFile(b"half a blob"))
        environment = {**os.environ, "WORK_DIR": str(django_settings.WORK_DIR)}
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, named.storage_key, orphan],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=environment,
        ) as process:
            try:
                assert process.stdout
                assert process.stdout.readline() == b"ready\n"
                assert len(scratch()) == 2
                call_command("reap", once=True)
                assert len(scratch()) == 2, "it lives"
                assert orphan in stored_blobs()
            finally:
                process.kill()
        call_command("reap", once=True)
        assert scratch() == set()
        assert orphan not in stored_blobs()
        assert named.storage_key in stored_blobs()
