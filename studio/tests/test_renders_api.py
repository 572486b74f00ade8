"""Generate, finalize, cancel and watch over HTTP: what is queued, what is refused and why. Nothing renders here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.services.runtime_settings import change_setting
from studio.models import MediaFile, ModelFile, Preset, RenderJob, Video
from tenants.scope import all_tenants
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], APIClient]
A_LONG_WAIT = 10


@pytest.fixture(autouse=True)
def model(tiny_model: ModelFile) -> ModelFile:
    return tiny_model


@pytest.fixture
def upload(api: APIClient, media_dir: Path) -> Callable[..., int]:
    """Uploads the clip (or another file) and answers the video's id."""

    def upload(type: str = "vid2vid", name: str = "clip.mp4", client: APIClient = api) -> int:
        part = SimpleUploadedFile(name, (media_dir / name).read_bytes())
        answer = client.post("/api/upload", {"attachment": part, "type": type}, format="multipart")
        assert answer.status_code == 201, answer.json()
        return answer.json()["data"]["videoId"]

    return upload


def vid2vid(video_id: int, **changes: Any) -> dict[str, Any]:
    return {"videoId": video_id, "type": "vid2vid", "prompt": "a neon city", **changes}


def jobs() -> list[RenderJob]:
    with all_tenants():
        return list(RenderJob.objects.select_related("video").order_by("pk"))


def end(job_id: int, status: str, video_status: str) -> None:
    """Let a job have ended, without rendering."""
    with all_tenants():
        RenderJob.objects.filter(pk=job_id).update(status=status, finished_at=timezone.now(), lease_id=None)
        Video.objects.filter(jobs=job_id).update(status=video_status)


class TestGenerate:
    def test_a_preview_is_queued_with_everything_filled_in(
        self, api: APIClient, upload: Callable[..., int], model: ModelFile
    ) -> None:
        answer = api.post("/api/generate", vid2vid(upload(), seed=-1, frameCount=4))
        assert answer.status_code == 200, answer.json()
        data = answer.json()["data"]
        assert (data["status"], data["purpose"], data["progress"]) == ("processing", "preview", 0)
        assert (data["model_id"], data["cfg_scale"], data["denoising"]) == (model.pk, 7.0, 0.5)
        assert 0 < data["seed"] < 2**32
        assert (data["frame_count"], data["frames_total"], data["fps"]) == (12, 4, "12")
        assert data["queue"]["your_position"] == 1
        assert data["queue"]["your_estimated_time"] == 4 * A_LONG_WAIT
        (job,) = jobs()
        assert job.parameters["seed"] == job.plan["seed"] == data["seed"]
        assert job.plan["frame_limit"] == 4

    def test_a_deforum_prompt_needs_no_upload(self, api: APIClient) -> None:
        answer = api.post("/api/generate", {"type": "deforum", "prompt": "a sea", "length": 2, "fps": 12})
        assert answer.status_code == 200, answer.json()
        assert answer.json()["data"]["frame_count"] == 24

    def test_a_preset_and_schedules_reach_the_plan(self, api: APIClient) -> None:
        with all_tenants():
            Preset.objects.create(tenant=None, slug="spin", name="Spin", settings={"angle": "0:(3)", "zoom": "0:(1.5)"})
        body = {"type": "deforum", "prompt": "a sea", "preset": "spin", "schedules": {"zoom": "0:(1.1), 10:(1.2)"}}
        assert api.post("/api/generate", body).status_code == 200
        asked = jobs()[0].plan["params"]["settings"]
        assert (asked["angle"], asked["zoom"]) == ("0:(3)", "0:(1.1), 10:(1.2)")

    def test_quality_and_speed_reach_the_plan(self, api: APIClient, upload: Callable[..., int]) -> None:
        chosen = {
            "smoothing": 0.5, "stabiliseColour": False, "crossFrameAttention": True, "startFrame": 2, "endFrame": 9,
            "scheduler": "euler", "draft": True, "deepcache": 3, "residualCfg": True,
        }  # fmt: skip
        assert api.post("/api/generate", vid2vid(upload(), **chosen)).status_code == 200
        plan = jobs()[0].plan
        params = plan["params"]
        assert (params["smoothing"], params["stabilise_colour"], params["cross_frame_attention"]) == (0.5, False, True)
        assert (params["start_frame"], plan["frame_count"]) == (2, 7)
        assert (plan["model"]["scheduler"], plan["model"]["draft"]) == ("euler", True)
        assert plan["options"] == {"deepcache": 3, "residual_cfg": True}

    def test_a_lora_is_taken_from_the_prompt(self, api: APIClient, upload: Callable[..., int]) -> None:
        from studio.rendering.models.tiny import build_lora

        build_lora(Path(settings.MODEL_DIR) / "ink.safetensors")
        ModelFile.objects.create(name="Ink", slug="ink", location="ink.safetensors", model_type="lora")
        answer = api.post("/api/generate", vid2vid(upload(), prompt="a city <lora:ink:0.7>"))
        assert answer.status_code == 200, answer.json()
        (lora,) = jobs()[0].plan["params"]["loras"]
        assert (Path(lora["location"]).name, lora["weight"]) == ("ink.safetensors", 0.7)
        assert jobs()[0].plan["params"]["prompt"] == "a city"

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"prompt": "a city <lora:nowhere:1>"}, "prompt"),
            ({"prompt": None}, "prompt"),
            ({"smoothing": 0.8}, "smoothing"),
            ({"startFrame": 12}, "startFrame"),
            ({"startFrame": 5, "endFrame": 5}, "endFrame"),
            ({"endFrame": 13}, "endFrame"),
            ({"scheduler": "no such"}, "scheduler"),
            ({"prompt": "x" * 1_000_000}, "prompt"),
            ({"prompt": "bell \a"}, "prompt"),
            ({"prompt": "nul \0"}, "prompt"),
            ({"type": "img2img"}, "type"),
            ({"cfgScale": 1.9}, "cfgScale"),
            ({"cfgScale": 10.1}, "cfgScale"),
            ({"cfgScale": "nan"}, "cfgScale"),
            ({"denoising": 0.05}, "denoising"),
            ({"denoising": 1.1}, "denoising"),
            ({"frameCount": 0}, "frameCount"),
            ({"frameCount": 21}, "frameCount"),
            ({"seed": 2**32}, "seed"),
            ({"modelId": 999999}, "modelId"),
            ({"length": 5}, "length"),
            ({"controlnet": "telepathy"}, "controlnet.0.type"),
            ({"controlnet": "canny"}, "controlnet"),
            ({"videoId": None}, "videoId"),
        ],
    )
    def test_bad_vid2vid_parameters(
        self, api: APIClient, upload: Callable[..., int], changes: dict[str, Any], field: str
    ) -> None:
        answer = api.post("/api/generate", vid2vid(upload(), **changes))
        assert answer.status_code == 422, answer.json()
        assert field in answer.json()["data"], answer.json()
        assert jobs() == []

    @pytest.mark.parametrize(
        ("changes", "field", "reason"),
        [
            ({"length": 0.5}, "length", "1"),
            ({"length": 21}, "length", "20"),
            ({"fps": 0}, "fps", "1"),
            ({"preset": "no such preset"}, "preset", "does not exist"),
            ({"schedules": {"zoom": "0:(1/(t-40))"}}, "schedules.zoom", "division by zero at frame 40"),
            ({"schedules": {"zoom": "0:(__import__('os').system('true'))"}}, "schedules.zoom", "zoom"),
            ({"schedules": {"zoom": "0:(9**9**9**9)"}}, "schedules.zoom", "zoom"),
            ({"schedules": {"no_such_setting": "0:(1)"}}, "schedules.no_such_setting", "no Deforum setting"),
            ({"extendFromJobId": 999999}, "extendFromJobId", "no completed"),
        ],
    )
    def test_bad_deforum_parameters(self, api: APIClient, changes: dict[str, Any], field: str, reason: str) -> None:
        answer = api.post("/api/generate", {"type": "deforum", "prompt": "a sea", "length": 3, **changes})
        assert answer.status_code == 422, answer.json()
        assert reason in " ".join(answer.json()["data"][field]), answer.json()
        assert jobs() == []
        with all_tenants():
            assert not Video.objects.exists(), "a refused request leaves no video behind"

    def test_a_switched_off_model_is_refused(self, api: APIClient, model: ModelFile) -> None:
        ModelFile.objects.filter(pk=model.pk).update(enabled=False)
        answer = api.post("/api/generate", {"type": "deforum", "prompt": "a sea", "modelId": model.pk})
        assert "modelId" in answer.json()["data"]

    def test_a_missing_model_folder_fails_now_and_not_on_the_gpu(self, api: APIClient, model: ModelFile) -> None:
        ModelFile.objects.filter(pk=model.pk).update(location="gone")
        answer = api.post("/api/generate", {"type": "deforum", "prompt": "a sea"})
        assert answer.status_code == 422
        assert "modelId" in answer.json()["data"]

    def test_a_video_has_one_render_at_a_time(self, api: APIClient, upload: Callable[..., int]) -> None:
        video = upload()
        assert api.post("/api/generate", vid2vid(video)).status_code == 200
        answer = api.post("/api/generate", vid2vid(video))
        assert (answer.status_code, answer.json()["code"]) == (422, "video_busy")
        assert len(jobs()) == 1

    def test_five_active_jobs_are_the_limit(self, api: APIClient) -> None:
        body = {"type": "deforum", "prompt": "a sea"}
        for _ in range(5):
            assert api.post("/api/generate", body).status_code == 200
        answer = api.post("/api/generate", body)
        assert (answer.status_code, answer.json()["code"]) == (422, "too_many_jobs")
        assert answer.json()["data"] == {"active_jobs": 5, "limit": 5}
        assert len(jobs()) == 5
        with all_tenants():
            assert Video.objects.count() == 5

    def test_no_render_is_taken_during_maintenance_and_those_that_wait_stay(self, api: APIClient, user: User) -> None:
        body = {"type": "deforum", "prompt": "a sea"}
        assert api.post("/api/generate", body).status_code == 200
        change_setting(staff=user, name="RENDERS_OPEN", value=False, reason="New disks", seen=0)
        answer = api.post("/api/generate", body)
        assert (answer.status_code, answer.json()["code"]) == (422, "switched_off")
        assert answer.json()["data"] == {"switch": "renders_open"}
        (waiting,) = jobs()
        assert waiting.status == "queued"
        change_setting(staff=user, name="RENDERS_OPEN", value=None, reason="Done", seen=1)
        assert api.post("/api/generate", body).status_code == 200

    def test_the_limit_is_what_staff_have_set(self, api: APIClient, user: User) -> None:
        change_setting(staff=user, name="MAX_ACTIVE_JOBS", value=1, reason="Few GPUs", seen=0)
        body = {"type": "deforum", "prompt": "a sea"}
        assert api.post("/api/generate", body).status_code == 200
        answer = api.post("/api/generate", body)
        assert (answer.json()["code"], answer.json()["data"]) == ("too_many_jobs", {"active_jobs": 1, "limit": 1})

    def test_a_replay_answers_the_first_even_at_the_limit(self, api: APIClient) -> None:
        body = {"type": "deforum", "prompt": "a sea"}
        first = api.post("/api/generate", body, headers={"Idempotency-Key": "one"})
        for _ in range(4):
            api.post("/api/generate", body)
        again = api.post("/api/generate", body, headers={"Idempotency-Key": "one"})
        assert again.status_code == 200
        assert again.json()["data"]["videoId"] == first.json()["data"]["videoId"]
        other = api.post("/api/generate", {**body, "prompt": "a hill"}, headers={"Idempotency-Key": "one"})
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_conflict")
        assert len(jobs()) == 5


class TestFinalize:
    def test_it_keeps_seed_and_parameters(self, api: APIClient, upload: Callable[..., int]) -> None:
        video = upload()
        preview = api.post("/api/generate", vid2vid(video, frameCount=3)).json()["data"]
        end(preview["job_id"], "completed", "preview_ready")
        answer = api.post("/api/finalize", {"videoId": video})
        assert answer.status_code == 200, answer.json()
        data = answer.json()["data"]
        assert (data["status"], data["purpose"]) == ("approved", "final")
        assert (data["seed"], data["prompt"], data["frames_total"]) == (preview["seed"], "a neon city", 12)

    def test_overrides_are_taken(self, api: APIClient, upload: Callable[..., int]) -> None:
        video = upload()
        preview = api.post("/api/generate", vid2vid(video)).json()["data"]
        end(preview["job_id"], "completed", "preview_ready")
        data = api.post("/api/finalize", {"videoId": video, "denoising": 0.9}).json()["data"]
        assert (data["denoising"], data["seed"]) == (0.9, preview["seed"])

    def test_an_extension_is_not_lost(self, api: APIClient) -> None:
        body = {"type": "deforum", "prompt": "a sea", "length": 1, "fps": 12}
        base = api.post("/api/generate", body).json()["data"]
        with all_tenants():
            job = RenderJob.objects.get(pk=base["job_id"])
            checkpoint = _some_file(job)
            RenderJob.objects.filter(pk=job.pk).update(purpose="final", checkpoint=checkpoint)
        end(job.pk, "completed", "completed")
        answer = api.post("/api/generate", {**body, "extendFromJobId": base["videoId"]})
        assert answer.status_code == 200, answer.json()
        extended = answer.json()["data"]
        assert extended["frame_count"] == 24
        end(extended["job_id"], "completed", "preview_ready")
        final = api.post("/api/finalize", {"videoId": extended["videoId"]}).json()["data"]
        assert final["generation_parameters"]["extendFromJobId"] == base["videoId"]
        assert jobs()[-1].continues_id == job.pk

    @pytest.mark.parametrize("state", ["queued", "running", "completed"])
    def test_not_while_busy_and_not_twice(self, api: APIClient, upload: Callable[..., int], state: str) -> None:
        video = upload()
        job = api.post("/api/generate", vid2vid(video)).json()["data"]["job_id"]
        with all_tenants():
            if state == "completed":
                RenderJob.objects.filter(pk=job).update(status="completed")
            Video.objects.filter(pk=video).update(status=state)
        assert api.post("/api/finalize", {"videoId": video}).status_code == 422
        assert len(jobs()) == 1

    def test_it_needs_a_prompt_from_somewhere(self, api: APIClient, upload: Callable[..., int]) -> None:
        answer = api.post("/api/finalize", {"videoId": upload()})
        assert answer.status_code == 422
        assert "prompt" in answer.json()["data"]


class TestWatching:
    def test_cancel_and_cancel_again(self, api: APIClient, upload: Callable[..., int]) -> None:
        video = upload()
        api.post("/api/generate", vid2vid(video))
        for _ in range(2):
            answer = api.post(f"/api/cancelJob/{video}")
            assert (answer.status_code, answer.json()["data"]["status"]) == (200, "cancelled")
        # A cancelled video may be asked for again: a new row.
        assert api.post("/api/generate", vid2vid(video)).status_code == 200
        assert [job.status for job in jobs()] == ["cancelled", "queued"]

    def test_cancelling_what_was_never_asked(self, api: APIClient, upload: Callable[..., int]) -> None:
        assert api.post(f"/api/cancelJob/{upload()}").json()["data"]["status"] == "pending"

    def test_the_queue_lists_my_videos_in_constant_queries(self, api: APIClient, upload: Callable[..., int]) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as caught:
                answer = api.get("/api/queue")
            assert answer.status_code == 200
            return len(caught)

        api.post("/api/generate", vid2vid(upload()))
        few = queries()
        for _ in range(3):
            api.post("/api/generate", vid2vid(upload()))
        assert queries() == few
        page = api.get("/api/queue?perPage=2&order=id:asc").json()["data"]
        assert (page["totalItems"], page["totalPages"], len(page["items"])) == (4, 2, 2)
        assert [row["status"] for row in page["items"]] == ["processing", "processing"]

    @pytest.mark.parametrize("query", ["perPage=0", "order=prompt:asc", "secret:=1", "status:=no", "id:between=1"])
    def test_the_queue_refuses_what_is_not_in_its_whitelist(self, api: APIClient, query: str) -> None:
        assert api.get(f"/api/queue?{query}").status_code == 422

    def test_processing_shows_mine_and_counts_everyone(
        self, api: APIClient, upload: Callable[..., int], make_user: UserFactory, client_of: ClientOf
    ) -> None:
        other = client_of(make_user())
        secret = {"type": "deforum", "prompt": "a secret"}
        other.post("/api/generate", secret)
        preview = api.post("/api/generate", vid2vid(upload())).json()["data"]
        body = api.get("/api/video-jobs/processing/status").json()["data"]
        assert body["processing"] == []
        assert [row["videoId"] for row in body["queued"]] == [preview["videoId"]]
        assert body["statistics"]["total_jobs_in_queue"] == 2
        feed = api.get("/api/video-jobs/processing/queue")
        assert [row["queue"]["your_position"] for row in feed.json()["data"]["items"]] == [2]
        assert b"secret" not in feed.content

    def test_status_is_served_at_both_paths(self, api: APIClient, upload: Callable[..., int]) -> None:
        video = upload()
        api.post("/api/generate", vid2vid(video))
        at_root, under_api = api.get(f"/status/{video}"), api.get(f"/api/status/{video}")
        assert at_root.status_code == under_api.status_code == 200
        documented = {
            "id", "status", "progress", "estimated_time_left", "job_time", "queued_at", "queue", "generator",
            "model_id", "prompt", "negative_prompt", "cfg_scale", "seed", "denoising", "fps", "frame_count", "length",
            "width", "height", "generation_parameters",
        }  # fmt: skip
        assert documented <= set(at_root.json()["data"])
        assert isinstance(at_root.json()["data"]["queued_at"], int)


class TestStrangers:
    URLS = (
        ("get", "/status/{id}"),
        ("get", "/api/status/{id}"),
        ("post", "/api/cancelJob/{id}"),
        ("post", "/api/generate"),
        ("post", "/api/finalize"),
    )

    @pytest.mark.parametrize(("method", "url"), URLS)
    def test_anonymous_401_colleague_403_stranger_404(
        self,
        api: APIClient,
        user: User,
        upload: Callable[..., int],
        anonymous: APIClient,
        make_user: UserFactory,
        client_of: ClientOf,
        method: str,
        url: str,
    ) -> None:
        video = upload()
        body = vid2vid(video) if method == "post" else None
        colleague = client_of(make_user(tenant=user.tenant))
        stranger = client_of(make_user())
        for client, expected in ((anonymous, 401), (colleague, 403), (stranger, 404)):
            answer = getattr(client, method)(url.format(id=video), body)
            assert answer.status_code == expected, (expected, answer.json())
            assert b"neon" not in answer.content
        assert jobs() == []

    def test_an_administrator_may_look(
        self, upload: Callable[..., int], make_user: UserFactory, client_of: ClientOf
    ) -> None:
        video = upload()
        staff = client_of(make_user(role=User.Role.ADMINISTRATOR))
        assert staff.get(f"/status/{video}").status_code == 200
        assert staff.post(f"/api/cancelJob/{video}").status_code == 404


def test_services_tell_their_state(anonymous: APIClient) -> None:
    answer = anonymous.get("/api/status")
    assert answer.status_code == 200
    services = answer.json()["data"]["services"]
    assert services["database"] == services["redis"] == services["storage"] == services["ffmpeg"] == "up"
    assert services["workers"] == "down"
    assert anonymous.get("/api/status/database").json()["data"] == {"status": "ok", "services": {"database": "up"}}
    assert anonymous.get("/api/status/workers").status_code == 503
    assert anonymous.get("/api/status/telepathy").status_code == 404


def _some_file(job: RenderJob) -> MediaFile:
    key = default_storage.save("checkpoint.tar", ContentFile(b"frames"))
    return MediaFile.objects.create(
        tenant_id=job.tenant_id, owner=job.owner, kind="checkpoint", size=6, storage_key=key, mime_type="x"
    )
