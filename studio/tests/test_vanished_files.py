"""Files that vanish from the storage: a render of them is refused with a reason, or, later, fails with one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import User
from effects.models import Effect
from studio.models import MediaFile, ModelFile, RenderJob, Video
from studio.providers import local
from studio.services.files.store import store_file
from studio.services.jobs.causes import line_of
from studio.services.jobs.queue import claim_next
from tenants.scope import all_tenants, tenant_scope
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

Upload = Callable[..., int]
REQUEST = "the-request-of-this-test"


@pytest.fixture(autouse=True)
def model(tiny_model: ModelFile) -> ModelFile:
    return tiny_model


@pytest.fixture
def upload(api: APIClient, media_dir: Path) -> Upload:
    def upload(type: str = "vid2vid") -> int:
        sent = {
            "attachment": SimpleUploadedFile("clip.mp4", (media_dir / "clip.mp4").read_bytes()),
            "soundtrack": SimpleUploadedFile("song.mp3", (media_dir / "song.mp3").read_bytes()),
        }
        answer = api.post("/api/upload", {**sent, "type": type}, format="multipart")
        assert answer.status_code == 201, answer.json()
        return answer.json()["data"]["videoId"]

    return upload


def vanish(video_id: int, name: str = "source") -> None:
    with all_tenants():
        file = getattr(Video.objects.select_related(name).get(pk=video_id), name)
    default_storage.delete(file.storage_key)


def generate(api: APIClient, video_id: int) -> Any:
    body = {"videoId": video_id, "type": "vid2vid", "prompt": "a city", "seed": 7}
    return api.post("/api/generate", body, headers={"X-Request-ID": REQUEST})


def previewed(api: APIClient, user: User, media_dir: Path, video_id: int) -> RenderJob:
    """A preview that is done, with a checkpoint that is stored."""
    job_id = generate(api, video_id).json()["data"]["job_id"]
    with all_tenants():
        checkpoint = store_file(path=media_dir / "picture.png", owner=user, kind=MediaFile.Kind.CHECKPOINT)
        RenderJob.objects.filter(pk=job_id).update(status="completed", checkpoint=checkpoint)
        Video.objects.filter(pk=video_id).update(status="preview_ready")
        return RenderJob.objects.select_related("checkpoint").get(pk=job_id)


def rendered() -> RenderJob:
    """The job that is due, after a worker had it."""
    with all_tenants():
        job = claim_next(worker="tester", queues=["high", "medium", "low"])
    assert job is not None
    with tenant_scope(job.tenant_id):
        local.run(job, stopping=threading.Event())
    return job


@pytest.mark.parametrize("name", ["source", "soundtrack"])
def test_a_render_of_what_is_gone_is_refused(
    api: APIClient, user: User, upload: Upload, media_dir: Path, name: str
) -> None:
    video_id = upload()
    job = previewed(api, user, media_dir, video_id)
    vanish(video_id, name)
    for answer in (api.post("/api/finalize", {"videoId": video_id}), generate(api, video_id)):
        assert (answer.status_code, answer.json()["code"]) == (422, "source_missing")
        assert "no longer stored" in answer.json()["message"]
    with all_tenants():
        assert list(RenderJob.objects.all()) == [job], "nothing was queued, and nothing is held"


def test_a_damaged_source_is_refused_with_its_reason(api: APIClient, upload: Upload) -> None:
    video_id = upload()
    with all_tenants():
        source = Video.objects.select_related("source").get(pk=video_id).source
    assert source is not None
    Path(default_storage.path(source.storage_key)).write_bytes(b"")
    answer = generate(api, video_id)
    assert (answer.status_code, answer.json()["code"]) == (422, "source_damaged")


def test_a_source_is_looked_at_once(api: APIClient, upload: Upload) -> None:
    """A second look at the stored file would find nothing that can be decoded."""
    video_id = upload()
    with all_tenants():
        source = Video.objects.select_related("source").get(pk=video_id).source
    assert source is not None
    assert source.facts is not None
    assert source.facts["frame_count"] == source.frame_count
    Path(default_storage.path(source.storage_key)).write_bytes(b"\0" * source.size)
    assert generate(api, video_id).status_code == 200
    # What an earlier release stored is looked at when it is asked for.
    api.post(f"/api/cancelJob/{video_id}")
    with all_tenants():
        MediaFile.objects.filter(pk=source.pk).update(facts=None)
    answer = generate(api, video_id)
    assert (answer.status_code, answer.json()["code"]) == (422, "source_damaged")


def test_an_effect_on_a_source_that_is_gone(api: APIClient, upload: Upload, cartoon: Effect) -> None:
    video_id = upload()
    vanish(video_id)
    body = {"effect_id": cartoon.pk, "video_id": video_id}
    for url in ("/api/ai-jobs", "/api/ai-jobs/estimate"):
        answer = api.post(url, body, headers={"Idempotency-Key": "one"})
        assert (answer.status_code, answer.json()["code"]) == (422, "source_missing")


def test_an_extension_of_frames_that_are_gone(api: APIClient, user: User, media_dir: Path) -> None:
    body = {"type": "deforum", "prompt": "a sea", "length": 1, "fps": 12}
    job_id = api.post("/api/generate", body).json()["data"]["job_id"]
    with all_tenants():
        checkpoint = store_file(path=media_dir / "picture.png", owner=user, kind=MediaFile.Kind.CHECKPOINT)
        RenderJob.objects.filter(pk=job_id).update(status="completed", purpose="final", checkpoint=checkpoint)
    default_storage.delete(checkpoint.storage_key)
    answer = api.post("/api/generate", {**body, "extendFromJobId": job_id})
    assert (answer.status_code, answer.json()["code"]) == (422, "source_missing")
    assert list(answer.json()["data"]) == ["extendFromJobId"]


def test_a_final_without_the_previews_frames_renders_them_again(
    api: APIClient, user: User, upload: Upload, media_dir: Path
) -> None:
    video_id = upload()
    preview = previewed(api, user, media_dir, video_id)
    assert preview.checkpoint is not None
    default_storage.delete(preview.checkpoint.storage_key)
    assert api.post("/api/finalize", {"videoId": video_id}).status_code == 200
    with all_tenants():
        assert RenderJob.objects.get(purpose="final").continues is None


# The thread that renews the lease sees what is committed.
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["source", "soundtrack"])
def test_what_vanishes_later_fails_the_render_with_a_cause_for_staff(
    api: APIClient, client: Client, make_user: UserFactory, upload: Upload, name: str
) -> None:
    video_id = upload()
    assert generate(api, video_id).status_code == 200
    vanish(video_id, name)
    job = rendered()
    assert (job.status, job.error_code, job.request_id, job.attempts) == ("failed", "source_missing", REQUEST, 1)
    assert job.cause.startswith("SourceMissing: ")
    assert "Traceback" in job.cause
    line = line_of(job.cause)
    assert f"request={REQUEST} job={job.pk}: Render {job.pk} failed" in line, "by it staff find the log"
    assert " ERROR studio.providers.local " in line
    shown = api.get(f"/status/{video_id}")
    assert "no longer stored" in shown.json()["data"]["error"]
    assert "Traceback" not in shown.content.decode()
    assert REQUEST not in shown.content.decode()

    client.force_login(make_user(role=User.Role.ADMINISTRATOR))
    page = client.get(reverse("admin:studio_renderjob_change", args=[job.pk])).content.decode()
    for fact in ("SourceMissing: ", "Traceback", REQUEST, "source_missing"):
        assert fact in page
    retried = {"action": "retry", "_selected_action": [job.pk], "confirmed": "1", "reason": "the disk is back"}
    answer = client.post(reverse("admin:studio_renderjob_changelist"), retried, follow=True)
    assert answer.status_code == 200
    assert "no longer stored" in answer.content.decode(), "staff are told why it can't be tried again"
