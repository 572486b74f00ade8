"""The main job through a real worker process: previews, finals, extensions, cancels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from accounts.models import User
from studio.models import ModelFile, RenderJob
from studio.rendering.media.probe import probe
from tenants.scope import all_tenants
from tests.renders import DEFORUM, ask, fetch, finished, frame_hashes, newest, result, watch
from tests.waiting import until
from tests.worker import WorkerProcess

# A worker imports torch and renders for real: on a busy machine that takes its time.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def model(tiny_model: ModelFile) -> ModelFile:
    return tiny_model


def test_vid2vid_from_upload_to_a_finished_video(
    api: APIClient, upload: Callable[..., int], render_worker: WorkerProcess, tmp_path: Path
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
    work = Path(settings.WORK_DIR) / f"job-{final['job_id']}"
    until(lambda: not work.exists(), "work folder that was removed")


def test_a_form_approves_what_json_previewed(
    api: APIClient, upload: Callable[..., int], render_worker: WorkerProcess, tmp_path: Path
) -> None:
    body = {"videoId": upload(), "type": "vid2vid", "prompt": "a neon city", "frameCount": 3, "smoothing": 0.3}
    preview = watch(api, ask(api, "/api/generate", **body), "preview")
    previewed = frame_hashes(api, preview, tmp_path)
    answer = api.post("/api/finalize", {"videoId": str(preview["videoId"])}, format="multipart")
    assert answer.status_code == 200, answer.json()
    final = watch(api, answer.json()["data"], "finished")
    assert frame_hashes(api, final, tmp_path)[:3] == previewed


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
    assert (extended["frame_count"], extended["length"]) == (36, 3)


def test_what_began_with_an_upload_is_extended(
    api: APIClient, upload: Callable[..., int], render_worker: WorkerProcess, tmp_path: Path
) -> None:
    first = finished(api, **{**DEFORUM, "length": 1, "videoId": upload("picture.png", type="deforum")})
    extended = finished(api, type="deforum", extendFromJobId=first["videoId"], length=1)
    assert frame_hashes(api, extended, tmp_path)[:12] == frame_hashes(api, first, tmp_path)
    assert (extended["frame_count"], extended["length"]) == (24, 2)
    assert api.delete(f"/api/videos/{first['videoId']}").status_code == 204
    assert fetch(api, extended["media_url"], tmp_path).stat().st_size > 0


def test_an_animation_starts_from_the_uploaded_picture(
    api: APIClient, upload: Callable[..., int], render_worker: WorkerProcess, tmp_path: Path
) -> None:
    first_frames = []
    for name in ("clip.mp4", "picture.png", "other.png"):
        body = {**DEFORUM, "videoId": upload(name, type="deforum"), "frameCount": 1}
        preview = watch(api, ask(api, "/api/generate", **body), "preview")
        first_frames.append(frame_hashes(api, preview, tmp_path)[0])
    of_a_clip, of_its_first_picture, of_another = first_frames
    assert of_another != of_its_first_picture
    assert of_a_clip != of_another


def test_a_cancelled_render_stops_within_a_step_and_the_worker_goes_on(
    api: APIClient, user: User, render_worker: WorkerProcess
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
