"""watch_output: finished encodings in a folder complete their jobs; unfinished and foreign ones do not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from studio.models import ModelFile, RenderJob, Video
from studio.providers.external.outputs import OutputWatcher
from studio.requests.types import Vid2VidRequest
from studio.services.jobs.lifecycle import submit_render
from tenants.scope import all_tenants, tenant_scope
from tests.renders import newest

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.WATCH_PATHS = [str(tmp_path / "output")]
    return tmp_path / "output"


@pytest.fixture
def job(api: APIClient, user: User, upload: Callable[..., int], tiny_model: ModelFile, folder: Path) -> RenderJob:
    """A final render that an encoder outside is asked for."""
    video_id = upload()
    with tenant_scope(user.tenant_id):
        return submit_render(
            video=Video.objects.get(pk=video_id),
            user=user,
            purpose=RenderJob.Purpose.FINAL,
            request=Vid2VidRequest(prompt="a neon city"),
            provider="external",
        )


def watch(folder: Path) -> list[int]:
    """Two looks, as a file must be the same twice; the jobs that were completed."""
    watcher = OutputWatcher([folder])
    return [job.pk for _ in range(2) for job in watcher.look()]


def test_the_encoder_finds_a_ticket(job: RenderJob, folder: Path) -> None:
    ticket = json.loads((folder / f"job-{job.pk}.json").read_text())
    assert ticket["plan"] == json.loads(json.dumps(job.plan))


def test_a_finished_file_completes_its_job(
    api: APIClient, user: User, job: RenderJob, folder: Path, media_dir: Path
) -> None:
    output = folder / f"job-{job.pk}.mp4"
    output.write_bytes((media_dir / "clip.mp4").read_bytes())
    call_command("watch_output", "--once", "--interval=0.01", f"--path={folder}")
    row = api.get(f"/status/{job.video_id}").json()["data"]
    assert (row["status"], row["progress"]) == ("finished", 100)
    assert b"".join(api.get(row["output_url"]).streaming_content) == (media_dir / "clip.mp4").read_bytes()
    assert api.get(row["thumbnail_url"]).status_code == 200
    assert list(folder.iterdir()) == [], "file and ticket are gone"


def test_a_growing_file_is_left_alone(user: User, job: RenderJob, folder: Path, media_dir: Path) -> None:
    whole = (media_dir / "clip.mp4").read_bytes()
    output = folder / f"job-{job.pk}.mp4"
    watcher = OutputWatcher([folder])
    output.write_bytes(whole[: len(whole) // 2])
    assert watcher.look() == []
    output.write_bytes(whole[: len(whole) - 10])
    assert watcher.look() == [], "it has grown since the look before"
    assert watcher.look() == [], "it stopped growing, but does not decode"
    assert newest(user).status == RenderJob.Status.QUEUED
    output.write_bytes(whole)
    assert watcher.look() == []
    assert [done.pk for done in watcher.look()] == [job.pk]


@pytest.mark.parametrize("name", ["holiday.mp4", "job-999999.mp4", "job-x.mp4", "job-1.mp4.part"])
def test_files_that_answer_no_job_are_left_alone(job: RenderJob, folder: Path, media_dir: Path, name: str) -> None:
    (folder / name).write_bytes((media_dir / "clip.mp4").read_bytes())
    assert watch(folder) == []
    assert (folder / name).exists()


def test_a_job_of_our_own_workers_is_not_theirs_to_complete(job: RenderJob, folder: Path, media_dir: Path) -> None:
    with all_tenants():
        RenderJob.objects.filter(pk=job.pk).update(provider="local")
    (folder / f"job-{job.pk}.mp4").write_bytes((media_dir / "clip.mp4").read_bytes())
    assert watch(folder) == []


def test_a_cancelled_job_stays_cancelled(
    api: APIClient, user: User, job: RenderJob, folder: Path, media_dir: Path
) -> None:
    api.post(f"/api/cancelJob/{job.video_id}")
    (folder / f"job-{job.pk}.mp4").write_bytes((media_dir / "clip.mp4").read_bytes())
    assert watch(folder) == []
    assert newest(user).status == RenderJob.Status.CANCELLED


def test_a_storage_that_fails_leaves_the_file_for_the_next_look(
    job: RenderJob, user: User, folder: Path, media_dir: Path, settings: Settings, stored_blobs: Callable[[], set[str]]
) -> None:
    (folder / f"job-{job.pk}.mp4").write_bytes((media_dir / "clip.mp4").read_bytes())
    in_the_way = Path(settings.MEDIA_ROOT) / str(user.tenant_id) / "sprite"
    in_the_way.write_bytes(b"not a folder")
    before = stored_blobs()
    watcher = OutputWatcher([folder])
    watcher.look()
    for _ in range(2):
        with pytest.raises(OSError, match="sprite"):
            watcher.look()
        waiting = newest(user)
        assert (waiting.status, waiting.attempts, waiting.error) == ("queued", 0, "")
        assert stored_blobs() == before
    in_the_way.unlink()
    assert [done.pk for done in watcher.look()] == [job.pk]
