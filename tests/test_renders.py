"""The main job through a real worker process: previews, finals, crashes, cancels, turns."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from accounts.models import User
from studio.models import ModelFile, RenderJob
from studio.rendering.media.probe import MediaInfo, probe
from studio.services import jobs
from tenants.scope import all_tenants
from tests.fixtures import UserFactory
from tests.waiting import until
from tests.worker import WorkerProcess

# A worker imports torch and renders for real: on a busy machine that takes its time.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

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
# A dead worker is noticed after this; short, because a test waits for it.
SHORT_LEASE = {"LEASE_SECONDS": "3"}


@pytest.fixture(autouse=True)
def model(tiny_model: ModelFile) -> ModelFile:
    return tiny_model


@pytest.fixture
def slow_model(model: ModelFile) -> ModelFile:
    """The same model with so many steps that a render can be caught in the middle."""
    ModelFile.objects.filter(pk=model.pk).update(steps=40)
    return model


@pytest.fixture
def upload(api: APIClient, media_dir: Path) -> Callable[[], int]:
    def upload() -> int:
        files = {
            "attachment": SimpleUploadedFile("clip.mp4", (media_dir / "clip.mp4").read_bytes()),
            "soundtrack": SimpleUploadedFile("song.mp3", (media_dir / "song.mp3").read_bytes()),
        }
        answer = api.post("/api/upload", {**files, "type": "vid2vid"}, format="multipart")
        return answer.json()["data"]["videoId"]

    return upload


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


def test_vid2vid_from_upload_to_a_finished_video(
    api: APIClient, upload: Callable[[], int], render_worker: WorkerProcess, tmp_path: Path
) -> None:
    body = {"videoId": upload(), "type": "vid2vid", "prompt": "a neon city", "frameCount": 3, "denoising": 0.5}
    preview = watch(api, ask(api, "/api/generate", **body), "preview")
    assert (preview["progress"], preview["frames_done"], preview["estimated_time_left"]) == (100, 3, 0)
    previewed = frame_hashes(api, preview, tmp_path)
    assert len(previewed) == 3
    assert probe(fetch(api, preview["still_url"], tmp_path)).mime_type == "image/png"

    final = watch(api, ask(api, "/api/finalize", videoId=preview["videoId"]), "finished")
    assert final["seed"] == preview["seed"]
    hashes, _, info = result(api, final, tmp_path)
    assert hashes[:3] == previewed, "the previewed frames are the final's frames, bit for bit"
    assert (len(hashes), info.frame_count, str(info.fps)) == (12, 12, "12")
    assert info.has_audio
    assert (info.video_codec, info.audio_codec) == ("h264", "aac")
    assert info.width / info.height == pytest.approx(96 / 64, rel=0.05)
    for name in ("poster_url", "thumbnail_url", "sprite_url", "animation_url"):
        assert fetch(api, final[name], tmp_path).stat().st_size > 0
    assert newest_work_dirs() == [], "a finished render leaves no work folder"


def test_deforum_previews_finishes_and_extends(api: APIClient, render_worker: WorkerProcess, tmp_path: Path) -> None:
    preview = watch(api, ask(api, "/api/generate", **DEFORUM), "preview")
    previewed = frame_hashes(api, preview, tmp_path)
    final = watch(api, ask(api, "/api/finalize", videoId=preview["videoId"]), "finished")
    hashes, _, info = result(api, final, tmp_path)
    assert hashes[:3] == previewed
    assert (len(hashes), info.frame_count) == (24, 24)

    extended = finished(api, type="deforum", extendFromJobId=final["videoId"], length=1)
    longer, _, info = result(api, extended, tmp_path)
    assert longer[:24] == hashes, "frames that were emitted never change"
    assert (len(longer), info.frame_count) == (36, 36)
    assert (extended["seed"], extended["fps"], extended["prompt"]) == (7, "12", DEFORUM["prompt"])


@pytest.mark.parametrize("workflow", ["vid2vid", "deforum"])
def test_a_killed_worker_loses_no_frame(
    api: APIClient, user: User, slow_model: ModelFile, upload: Callable[[], int], tmp_path: Path, workflow: str
) -> None:
    settings_of_a_lease = settings.LEASE_SECONDS

    def submit() -> Row:
        if workflow == "deforum":
            preview = ask(api, "/api/generate", **DEFORUM, steps=40)
        else:
            body = {"videoId": upload(), "type": "vid2vid", "prompt": "a neon city", "seed": 7, "steps": 40}
            preview = ask(api, "/api/generate", **body)
        watch(api, preview, "preview")
        return ask(api, "/api/finalize", videoId=preview["videoId"])

    assert settings_of_a_lease > 3, "the worker's lease is shorter than the default"
    with WorkerProcess(environment=SHORT_LEASE) as worker:
        job = submit()
        before = until(lambda: _frames_between(user), "final render with some frames done")
        worker.kill()
    assert newest(user).status == RenderJob.Status.RUNNING, "nobody has noticed yet"
    with WorkerProcess(environment=SHORT_LEASE):
        until(lambda: jobs.reap()["requeued"], "abandoned render to requeue")
        disturbed = result(api, watch(api, job, "finished"), tmp_path)
        assert newest(user).attempts == 2
        undisturbed = result(api, watch(api, submit(), "finished"), tmp_path)
    assert newest(user).attempts == 1
    assert 0 < before < len(disturbed[0])
    assert disturbed[0] == undisturbed[0], "every frame is byte-identical"
    assert disturbed[1] == undisturbed[1], "and so is the file"


def _frames_between(owner: User) -> int | None:
    """Frames done of a final render that is in its middle."""
    job = newest(owner)
    assert job.status != RenderJob.Status.COMPLETED, "the render was too quick to be caught"
    past_preview = job.plan["frame_limit"] is None and job.frames_done > job.frames_total / 4
    return job.frames_done if past_preview else None


def test_a_worker_that_is_stopped_gives_its_render_back(
    api: APIClient, user: User, slow_model: ModelFile, tmp_path: Path
) -> None:
    body = {**DEFORUM, "length": 3, "steps": 40}
    with WorkerProcess() as worker:
        preview = watch(api, ask(api, "/api/generate", **body), "preview")
        job = ask(api, "/api/finalize", videoId=preview["videoId"])
        until(lambda: _frames_between(user), "final render with some frames done")
        worker.stop()
    given_back = newest(user)
    assert (given_back.status, given_back.attempts) == (RenderJob.Status.QUEUED, 0)
    with WorkerProcess("--burst") as worker:
        worker.wait()
    assert len(frame_hashes(api, watch(api, job, "finished"), tmp_path)) == 36


def test_a_cancelled_render_stops_within_a_step_and_the_worker_goes_on(
    api: APIClient, user: User, slow_model: ModelFile, render_worker: WorkerProcess
) -> None:
    video = ask(api, "/api/generate", **{**DEFORUM, "frameCount": 20}, steps=50)
    until(lambda: newest(user).frames_done > 1, "frame of the render")
    cancelled = ask(api, f"/api/cancelJob/{video['videoId']}")
    assert cancelled["status"] == "cancelled"
    stopped_at = newest(user)
    # The next render starts only once the cancelled one has let go of the worker.
    assert watch(api, ask(api, "/api/generate", **{**DEFORUM, "frameCount": 1}), "preview")["frames_done"] == 1
    with all_tenants():
        after = RenderJob.objects.get(pk=stopped_at.pk)
    assert (after.status, after.frames_done) == (RenderJob.Status.CANCELLED, stopped_at.frames_done)
    assert after.output_id is None
    assert ask(api, f"/api/cancelJob/{video['videoId']}")["status"] == "cancelled"


def test_a_render_that_fails_says_why_and_leaves_the_worker_healthy(
    api: APIClient, user: User, model: ModelFile, tmp_path: Path
) -> None:
    broken = Path(settings.MODEL_DIR) / "broken"
    shutil.copytree(Path(settings.MODEL_DIR) / model.location, broken)
    ModelFile.objects.filter(pk=model.pk).update(location="broken")
    row = ask(api, "/api/generate", **DEFORUM)
    # Gone between the check at submit and the render.
    shutil.rmtree(broken)
    ModelFile.objects.filter(pk=model.pk).update(location="tiny")
    with WorkerProcess():
        failed = watch(api, row, "error")
        assert failed["error"]
        assert str(settings.MODEL_DIR) not in failed["error"], "no path of ours is shown"
        assert "Traceback" not in failed["error"]
        assert newest(user).error_code == "invalid_model"
        watch(api, ask(api, "/api/generate", **DEFORUM), "preview")


def test_two_users_take_turns(api: APIClient, make_user: UserFactory, client_of: Callable[[User], APIClient]) -> None:
    one_frame = {**DEFORUM, "frameCount": 1}
    mine = [ask(api, "/api/generate", **one_frame)["job_id"] for _ in range(3)]
    theirs = ask(client_of(make_user()), "/api/generate", **one_frame)["job_id"]
    with WorkerProcess("--burst") as worker:
        worker.wait()
    with all_tenants():
        done = RenderJob.objects.filter(status="completed").order_by("finished_at").values_list("pk", flat=True)
        assert list(done) == [mine[0], theirs, *mine[1:]]


def newest_work_dirs() -> list[str]:
    return [path.name for path in Path(settings.WORK_DIR).glob("job-*")]
