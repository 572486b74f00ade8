"""Uploads straight to S3: the client really PUTs to the presigned URLs, over HTTP, and the bucket checks signatures."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import ffmpeg
import pytest
import requests
from botocore.config import Config
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from accounts.services.erasure import erase
from accounts.tests.copies import make_copy, open_copy
from effects.models import Effect
from studio.models import MediaFile, ModelFile, RenderJob
from studio.providers import local
from studio.rendering.media.ffmpeg import binary
from studio.services.jobs.queue import claim_next
from studio.tests.applied import announcement
from studio.tests.s3_server import ACCESS_KEY, REGION, SECRET_KEY, s3_server
from tenants.scope import all_tenants, tenant_scope
from tests.fixtures import PASSWORD
from tests.patience import FOREVER_SECONDS

pytestmark = pytest.mark.django_db

BUCKET = "studio-media"
URL = "/api/videos/uploads"
MIB = 1024**2


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture
def bucket(s3_url: str, settings: Settings) -> Iterator[Any]:
    """An empty bucket that the studio's storage uses; answers a client of its owner."""
    settings.S3_BUCKET = BUCKET
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "config.platform.bucket_storage.BucketStorage",
            "OPTIONS": {
                "bucket_name": BUCKET,
                "region_name": REGION,
                "endpoint_url": s3_url,
                "access_key": ACCESS_KEY,
                "secret_key": SECRET_KEY,
                "file_overwrite": False,
                "default_acl": None,
                "signature_version": "s3v4",
            },
        },
    }
    client = boto3.client(
        "s3", region_name=REGION, endpoint_url=s3_url, aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY, config=Config(signature_version="s3v4"),
    )  # fmt: skip
    client.create_bucket(Bucket=BUCKET)
    yield client
    for key in keys(client):
        client.delete_object(Bucket=BUCKET, Key=key)
    client.delete_bucket(Bucket=BUCKET)
    client.close()


@pytest.fixture
def ticket(api: APIClient, bucket: Any, cartoon: Effect, clip: bytes) -> dict[str, Any]:
    return announce(api, cartoon, clip)


def announce(api: APIClient, effect: Effect, content: bytes, **changes: Any) -> dict[str, Any]:
    answer = api.post(URL, announcement(effect, content, **changes))
    assert answer.status_code == 200, answer.json()
    return answer.json()["data"]


def put(url: str, content: bytes, headers: dict[str, str] | None = None) -> int:
    with requests.put(url, data=content, headers=headers, timeout=FOREVER_SECONDS) as answer:
        return answer.status_code


def keys(client: Any) -> list[str]:
    return [item["Key"] for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def in_parts(client: Any) -> list[str]:
    """The uploads in parts that are not joined yet."""
    return [item["Key"] for item in client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])]


def file_of(ticket: dict[str, Any]) -> MediaFile:
    with all_tenants():
        return MediaFile.objects.get(pk=ticket["file"]["id"])


def expire() -> None:
    with all_tenants():
        MediaFile.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def test_a_video_comes_and_goes_without_passing_through_the_site(
    api: APIClient, bucket: Any, cartoon: Effect, ticket: dict[str, Any], clip: bytes
) -> None:
    file_id = ticket["file"]["id"]
    assert ticket["upload_headers"] == {"Content-Type": "video/mp4", "x-amz-meta-file-id": str(file_id)}
    assert (ticket["expires_in"], ticket["multipart"]) == (3600, None)
    assert put(ticket["upload_url"], clip, ticket["upload_headers"]) == 200
    created = api.post("/api/videos", {"effect_id": cartoon.pk, "original_file_id": file_id})
    assert created.status_code == 201, created.json()
    file = file_of(ticket)
    assert (file.status, file.sha256) == ("ready", hashlib.sha256(clip).hexdigest())
    # What was sent is gone from where it was sent to, so a late PUT can't replace what was verified.
    assert keys(bucket) == [file.storage_key]
    link = api.get(f"/api/videos/{created.json()['data']['id']}").json()["data"]["original_file_url"]
    assert "X-Amz-Signature" in link
    with requests.get(link, timeout=FOREVER_SECONDS) as answer:
        assert (answer.status_code, answer.content) == (200, clip)


@pytest.mark.parametrize(
    "altered", [{"Content-Type": "video/webm"}, {"x-amz-meta-file-id": "1"}, {"Content-Type": None}]
)
def test_an_altered_header_is_refused_by_the_bucket(
    bucket: Any, ticket: dict[str, Any], clip: bytes, altered: dict[str, str]
) -> None:
    assert put(ticket["upload_url"], clip, {**ticket["upload_headers"], **altered}) == 403
    assert keys(bucket) == []


def test_another_size_or_key_is_refused_by_the_bucket(bucket: Any, ticket: dict[str, Any], clip: bytes) -> None:
    headers = ticket["upload_headers"]
    assert put(ticket["upload_url"], clip + b"x", headers) == 403
    assert put(ticket["upload_url"].replace("/uploads/", "/other/"), clip, headers) == 403
    assert put(ticket["upload_url"].replace("Expires=3600", "Expires=9999"), clip, headers) == 403
    assert keys(bucket) == []


def test_an_expired_url_is_refused_by_the_bucket(
    api: APIClient, bucket: Any, cartoon: Effect, clip: bytes, settings: Settings
) -> None:
    settings.UPLOAD_URL_SECONDS = 0
    ticket = announce(api, cartoon, clip)
    assert put(ticket["upload_url"], clip, ticket["upload_headers"]) == 403


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ContentType": "video/webm"}, "Content-Type was to be video/mp4 and is video/webm."),
        ({"Metadata": {}}, "x-amz-meta-file-id was to be"),
        ({"Body": b"another"}, "bytes were announced and 7 arrived."),
    ],
)
def test_what_a_careless_bucket_lets_in_is_rejected_here(
    api: APIClient, bucket: Any, ticket: dict[str, Any], clip: bytes, changes: dict[str, Any], reason: str
) -> None:
    file = file_of(ticket)
    right = {"Body": clip, "ContentType": "video/mp4", "Metadata": {"file-id": str(file.pk)}}
    bucket.put_object(Bucket=BUCKET, Key=file.upload_key, **{**right, **changes})
    answer = api.post(f"/api/files/{file.pk}/complete")
    assert (answer.status_code, answer.json()["code"]) == (422, "file_rejected")
    assert reason in answer.json()["message"]
    assert keys(bucket) == []


def test_another_type_than_announced_is_rejected_whatever_the_bucket_calls_it(
    api: APIClient, bucket: Any, cartoon: Effect, media_dir: Path, tmp_path: Path
) -> None:
    other = tmp_path / "clip.mov"
    ffmpeg.input(str(media_dir / "clip.mp4")).output(str(other), c="copy").run(cmd=binary(), quiet=True)
    # Size and headers are right: only the content tells.
    ticket = announce(api, cartoon, other.read_bytes())
    assert put(ticket["upload_url"], other.read_bytes(), ticket["upload_headers"]) == 200
    answer = api.post(f"/api/files/{ticket['file']['id']}/complete")
    assert (answer.status_code, answer.json()["code"]) == (422, "file_rejected")
    assert "video/mp4 was announced and this is video/quicktime." in answer.json()["message"]
    assert file_of(ticket).status == "rejected"
    assert keys(bucket) == []


def test_what_was_never_sent_can_not_be_used(api: APIClient, bucket: Any, ticket: dict[str, Any]) -> None:
    answer = api.post(f"/api/files/{ticket['file']['id']}/complete")
    assert (answer.status_code, answer.json()["code"]) == (422, "file_not_uploaded")


def test_parts_are_offered_above_100_mb(api: APIClient, bucket: Any, cartoon: Effect) -> None:
    assert announce(api, cartoon, b"", size=100 * MIB)["multipart"] is None
    offered = announce(api, cartoon, b"", size=100 * MIB + 1)["multipart"]
    assert offered["part_size"] == 32 * MIB
    assert [part["number"] for part in offered["parts"]] == [1, 2, 3, 4]


def test_parts_are_joined_when_all_are_there(
    api: APIClient, bucket: Any, cartoon: Effect, clip: bytes, settings: Settings
) -> None:
    settings.UPLOAD_PARTS_ABOVE_BYTES = settings.UPLOAD_PART_BYTES = 5 * MIB
    # An MP4 may end with a box of nothing.
    content = clip + (5 * MIB).to_bytes(4, "big") + b"free" + bytes(5 * MIB - 8)
    ticket = announce(api, cartoon, content)
    complete = f"/api/files/{ticket['file']['id']}/complete"
    first, second = ticket["multipart"]["parts"]
    assert put(first["url"], content[: 5 * MIB]) == 200
    assert api.post(complete).json()["code"] == "file_not_uploaded"
    assert put(second["url"], content[5 * MIB :] + b"x") == 403
    assert put(second["url"], content[5 * MIB :]) == 200
    answer = api.post(complete)
    assert answer.status_code == 200, answer.json()
    assert answer.json()["data"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert keys(bucket) == [file_of(ticket).storage_key]
    assert in_parts(bucket) == []


def test_a_large_file_may_still_come_in_one_piece(
    api: APIClient, bucket: Any, cartoon: Effect, clip: bytes, settings: Settings
) -> None:
    settings.UPLOAD_PARTS_ABOVE_BYTES = 1
    ticket = announce(api, cartoon, clip)
    assert put(ticket["upload_url"], clip, ticket["upload_headers"]) == 200
    assert api.post(f"/api/files/{ticket['file']['id']}/complete").status_code == 200
    assert in_parts(bucket) == []


def test_the_reaper_empties_the_bucket_of_what_nobody_used(
    api: APIClient, user: User, bucket: Any, cartoon: Effect, clip: bytes, settings: Settings
) -> None:
    unused, used = announce(api, cartoon, clip), announce(api, cartoon, clip)
    settings.UPLOAD_PARTS_ABOVE_BYTES = 1
    parts = announce(api, cartoon, clip)
    for ticket in (unused, used):
        assert put(ticket["upload_url"], clip, ticket["upload_headers"]) == 200
    assert put(parts["multipart"]["parts"][0]["url"], clip) == 200
    assert api.post(f"/api/files/{used['file']['id']}/complete").status_code == 200
    # The URL still works, for an hour; what it brings is of no use to anybody.
    assert put(used["upload_url"], clip, used["upload_headers"]) == 200
    assert (len(keys(bucket)), len(in_parts(bucket))) == (3, 1)
    expire()
    call_command("reap", once=True)
    assert keys(bucket) == [file_of(used).storage_key]
    assert in_parts(bucket) == []
    with all_tenants():
        assert list(MediaFile.objects.values_list("pk", flat=True)) == [used["file"]["id"]]


def test_a_job_for_an_upload_in_the_bucket_keeps_no_copy(
    api: APIClient,
    cartoon: Effect,
    ticket: dict[str, Any],
    clip: bytes,
    tiny_model: ModelFile,
    settings: Settings,
    tmp_path: Path,
) -> None:
    settings.WORK_DIR = tmp_path
    assert put(ticket["upload_url"], clip, ticket["upload_headers"]) == 200
    body = {"effect_id": cartoon.pk, "idempotency_key": "one", "input_file_id": ticket["file"]["id"]}
    answer = api.post("/api/ai-jobs", body)
    assert answer.status_code == 200, answer.json()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_copy_and_the_end_of_an_account_in_a_bucket(
    api: APIClient, user: User, bucket: Any, cartoon: Effect, clip: bytes, settings: Settings
) -> None:
    used, late = announce(api, cartoon, clip), announce(api, cartoon, clip)
    assert put(used["upload_url"], clip, used["upload_headers"]) == 200
    assert api.post(f"/api/files/{used['file']['id']}/complete").status_code == 200
    # Small enough to be read back from disk.
    settings.STORAGES["default"]["OPTIONS"]["max_memory_size"] = 1024
    answer = api.get(make_copy(api))
    assert answer.status_code == 302
    with requests.get(answer["Location"], timeout=FOREVER_SECONDS) as copy:
        assert copy.headers["Content-Disposition"] == 'attachment; filename="my-data.zip"'
        files = open_copy(copy.content).files
    assert files == {f"files/source-{used['file']['id']}-my-video.mp4": clip}
    assert len(keys(bucket)) == 2, "the clip and the copy"
    asked = api.post("/api/me/delete", {"password": PASSWORD}).json()["data"]["id"]
    erase(asked)
    assert keys(bucket) == []
    # A URL that was given out still works for an hour; what it brings is swept.
    assert put(late["upload_url"], clip, late["upload_headers"]) == 200
    expire()
    call_command("reap", once=True)
    assert keys(bucket) == []
    with all_tenants():
        assert not MediaFile.objects.exists()


def test_the_reaper_survives_a_bucket_that_does_not_answer(bucket: Any, ticket: dict[str, Any]) -> None:
    expire()
    bucket.delete_bucket(Bucket=BUCKET)
    call_command("reap", once=True)
    assert file_of(ticket).status == "pending_upload"
    bucket.create_bucket(Bucket=BUCKET)
    call_command("reap", once=True)
    with all_tenants():
        assert not MediaFile.objects.exists()


# The thread that renews the lease sees what is committed.
@pytest.mark.django_db(transaction=True)
def test_renders_wait_for_a_bucket_that_does_not_answer_and_fail_for_a_file_that_is_gone(
    api: APIClient, user: User, bucket: Any, clip: bytes, tiny_model: ModelFile, settings: Settings, tmp_path: Path
) -> None:
    settings.WORK_DIR = tmp_path
    good = settings.STORAGES
    nowhere = {"endpoint_url": "http://127.0.0.1:9", "client_config": Config(retries={"max_attempts": 0})}
    options = {**good["default"]["OPTIONS"], **nowhere}
    bad = {**good, "default": {**good["default"], "OPTIONS": options}}
    sent = {"attachment": SimpleUploadedFile("clip.mp4", clip), "type": "vid2vid"}
    video_id = api.post("/api/upload", sent, format="multipart").json()["data"]["videoId"]
    body = {"videoId": video_id, "type": "vid2vid", "prompt": "a city"}
    settings.STORAGES = bad
    refused = api.post("/api/generate", body)
    assert (refused.status_code, refused["Retry-After"]) == (503, "2")
    settings.STORAGES = good
    assert api.post("/api/generate", body).status_code == 200

    settings.STORAGES = bad
    waiting = rendered(user)
    assert (waiting.status, waiting.attempts, waiting.error) == ("queued", 0, "")
    assert waiting.not_before is not None
    assert "EndpointConnectionError" in waiting.cause
    settings.STORAGES = good
    for key in keys(bucket):
        bucket.delete_object(Bucket=BUCKET, Key=key)
    with all_tenants():
        RenderJob.objects.update(not_before=None)
    failed = rendered(user)
    assert (failed.status, failed.error_code, failed.attempts) == ("failed", "source_missing", 1)


def rendered(user: User) -> RenderJob:
    """The job that is due, after a worker had it."""
    with all_tenants():
        job = claim_next(worker="tester", queues=django_settings.RENDER_QUEUES)
    assert job is not None
    with tenant_scope(user.tenant_id):
        local.run(job, stopping=threading.Event())
    return job
