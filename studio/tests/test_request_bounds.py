"""Requests that ask for more than could be rendered, and for what is not there: refused at submit, cheaply."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from rest_framework.test import APIClient
from safetensors.torch import save_file

from studio.models import ModelFile
from studio.rendering.models.tiny import build_controlnet, build_lora, build_sdxl
from studio.tests.test_settings_as_parameters import picture

pytestmark = pytest.mark.django_db

SECONDS = 5.0
"""Of processor time, the whole request's."""


@pytest.fixture(autouse=True)
def model(tiny_model: ModelFile) -> ModelFile:
    return tiny_model


def refused(api: APIClient, path: str, body: dict[str, Any]) -> dict[str, list[str]]:
    started = time.process_time()
    answer = api.post(path, body)
    assert time.process_time() - started < SECONDS
    assert answer.status_code == 422, answer.json()
    found: dict[str, list[str]] = answer.json()["data"]
    return found


@pytest.mark.parametrize("frames", [300_000, 999_999, 10**15])
def test_a_request_for_very_many_frames_is_cheap(api: APIClient, frames: int) -> None:
    body = {"type": "deforum", "prompt": "a sea", "schedules": {"max_frames": frames}}
    assert list(refused(api, "/api/generate", body)) == ["schedules.max_frames"]


def test_a_file_of_very_many_frames_is_read_cheaply(api: APIClient) -> None:
    started = time.process_time()
    answer = api.post("/api/v1/deforum-settings", {"settings": {"max_frames": 300_000, "zoom": "0:(1+t/1e9)"}})
    assert time.process_time() - started < SECONDS
    assert answer.status_code == 200
    assert "max_frames" in answer.json()["data"]["not_taken"]


@pytest.mark.parametrize(
    "schedules",
    [
        {"zoom": "0:" + "(" * 6_000 + "1" + ")" * 6_000},
        {"zoom": "0:" + "(" * 45_000 + "1" + ")" * 45_000},
        {"zoom": "0:(9**9**9)"},
        {"zoom": ",".join(f"{n}+s:t+{n}" for n in range(6_000)), "angle": ",".join(f"{n}+s:t" for n in range(8_000))},
        {"prompts": {"0": "(" * 3_000}},
        {"use_mask": True, "mask_file": "uploaded picture", "mask_schedule": "0:(" + "(" * 6_000},
    ],
)
@pytest.mark.parametrize("path", ["/api/generate", "/api/v1/deforum-settings"])
def test_hostile_schedules_are_cheap(api: APIClient, path: str, schedules: dict[str, Any]) -> None:
    prompt = {} if "prompts" in schedules else {"prompt": "a"}
    body = {"settings": schedules} if "settings" in path else {"type": "deforum", "schedules": schedules, **prompt}
    fields = refused(api, path, body)
    assert {field.removeprefix("schedules.") for field in fields} <= {*schedules, "prompt"}


@pytest.mark.parametrize("name", ["prompts", "init_image", "zoom", "mask_file", "init_images", "no_such_setting"])
def test_text_that_no_database_takes_is_refused(api: APIClient, name: str) -> None:
    value: Any = {"0": "a\0b"} if name in ("prompts", "init_images") else "a\0b"
    body = {"type": "deforum", "prompt": "a sea", "schedules": {name: value}}
    (field,) = refused(api, "/api/generate", body)
    assert field.startswith(f"schedules.{name}")


def test_one_lora_many_times_is_looked_up_once(
    api: APIClient, tmp_path: Path, django_assert_max_num_queries: Any
) -> None:
    install("lora", "ink", build_lora(tmp_path / "ink.safetensors"))
    with django_assert_max_num_queries(100):
        body = {"type": "deforum", "prompt": "a fox " + "<lora:ink:0.5>" * 250}
        assert api.post("/api/generate", body).status_code == 200
    many = " ".join(f"<lora:l{n}:1>" for n in range(60))
    assert list(refused(api, "/api/generate", {"type": "deforum", "prompt": many})) == ["prompt"]


@pytest.mark.parametrize("text", ["(" * 60 + "a", "[(" * 60, "BREAK " * 30])
def test_a_vid2vid_prompt_is_bounded_too(api: APIClient, media_dir: Path, text: str) -> None:
    video = upload(api, media_dir)
    for field in ("prompt", "negative_prompt"):
        body = {"type": "vid2vid", "videoId": video, "prompt": "a", field: text}
        assert list(refused(api, "/api/generate", body)) == [field]


def upload(api: APIClient, media_dir: Path) -> int:
    from django.core.files.uploadedfile import SimpleUploadedFile

    part = SimpleUploadedFile("clip.mp4", (media_dir / "clip.mp4").read_bytes())
    answer = api.post("/api/upload", {"attachment": part, "type": "vid2vid"}, format="multipart")
    video: int = answer.json()["data"]["videoId"]
    return video


DEPTH_MASK = {"hybrid_composite": "Normal", "hybrid_comp_mask_type": "Depth"}


def install(kind: str, slug: str, location: Path) -> None:
    ModelFile.objects.create(name=slug, slug=slug, model_type=kind, location=str(location))


class TestWhatARenderNeeds:
    @pytest.mark.parametrize(
        ("schedules", "field"),
        [
            (DEPTH_MASK, "schedules.hybrid_comp_mask_type"),
            ({**DEPTH_MASK, "hybrid_comp_mask_type": "Video Depth"}, "schedules.hybrid_comp_mask_type"),
            ({"use_mask_video": True, "video_mask_path": "m.mp4"}, "video_mask_path"),
            ({"use_mask": True, "mask_file": "m.png"}, "assets"),
            ({"use_mask": True}, "mask_file"),
            ({"use_init": True, "init_image": "i.png"}, "assets"),
            ({"use_looper": True, "init_images": {"0": "i.png"}}, "assets"),
            ({"optical_flow_cadence": "RAFT"}, "schedules.optical_flow_cadence"),
            ({"enable_sampler_scheduling": True, "sampler_schedule": "0:(Heun)"}, "schedules.sampler_schedule"),
            (
                {
                    "enable_sampler_scheduling": True,
                    "sampler_schedule": "0:(DDIM), 9:(LCM)",
                    "enable_steps_scheduling": True,
                    "steps_schedule": "0:(60)",
                },
                "schedules.steps_schedule",
            ),
            ({"sampler": "LCM", "steps": 80}, "schedules.steps"),
        ],
    )
    def test_of_an_animation(self, api: APIClient, media_dir: Path, schedules: dict[str, Any], field: str) -> None:
        body = {"type": "deforum", "prompt": "a fox", "videoId": picture(api, media_dir), "schedules": schedules}
        found = list(refused(api, "/api/generate", body))
        assert found in ([field], [f"schedules.{field}"])

    @pytest.mark.parametrize("mode", ["Video Input", "hybrid", "coherence"])
    def test_a_source(self, api: APIClient, mode: str) -> None:
        schedules = {
            "Video Input": {"animation_mode": "Video Input"},
            "hybrid": {"hybrid_motion": "Affine"},
            "coherence": {"color_coherence": "Video Input"},
        }[mode]
        body = {"type": "deforum", "prompt": "a fox", "schedules": schedules}
        assert list(refused(api, "/api/generate", body)) == ["video_init_path"]

    def test_a_depth_model_that_is_one(self, api: APIClient, media_dir: Path, tmp_path: Path) -> None:
        install("depth", "depth", tmp_path / "gone")
        body = {"type": "deforum", "prompt": "a fox", "videoId": picture(api, media_dir)}
        flat = api.post("/api/generate", {**body, "schedules": {"animation_mode": "2D"}})
        assert flat.status_code == 200, flat.json()
        for schedules, field in (
            ({"animation_mode": "3D"}, "use_depth_warping"),
            (DEPTH_MASK, "hybrid_comp_mask_type"),
        ):
            body["videoId"] = picture(api, media_dir)
            found = refused(api, "/api/generate", {**body, "schedules": schedules})
            assert "depth model is missing" in next(iter(found.values()))[0]
            assert next(iter(found)).removeprefix("schedules.") == field

    def test_a_controlnet_of_the_models_family(self, api: APIClient, media_dir: Path, tmp_path: Path) -> None:
        video = upload(api, media_dir)
        body = {"type": "vid2vid", "videoId": video, "prompt": "a fox", "controlnet": "canny"}
        assert list(refused(api, "/api/generate", body)) == ["controlnet"]
        folder = build_controlnet(tmp_path / "canny")
        install("controlnet", "canny", folder)
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, "cross_attention_dim": 2048}))
        assert list(refused(api, "/api/generate", body)) == ["controlnet"]
        (folder / "config.json").write_text(json.dumps(config))
        assert api.post("/api/generate", body).status_code == 200

    @pytest.mark.parametrize("workflow", ["vid2vid", "deforum"])
    def test_a_lora_of_the_models_family(self, api: APIClient, media_dir: Path, tmp_path: Path, workflow: str) -> None:
        body: dict[str, Any] = {"type": workflow, "prompt": "a fox <lora:ink:1>"}
        if workflow == "vid2vid":
            body["videoId"] = upload(api, media_dir)
        assert list(refused(api, "/api/generate", body)) == ["prompt"]
        path = tmp_path / "ink_v2.safetensors"
        install("lora", "ink", path)
        assert list(refused(api, "/api/generate", body)) == ["prompt"]
        other = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight"
        save_file({other: torch.zeros(4, 2048)}, path)
        assert "another kind of model" in refused(api, "/api/generate", body)["prompt"][0]
        build_lora(path)
        assert api.post("/api/generate", body).status_code == 200

    def test_steps_that_the_sampler_can_run(self, api: APIClient, model: ModelFile) -> None:
        model.steps, model.scheduler = 60, "lcm"
        model.save(update_fields=["steps", "scheduler"])
        body = {"type": "deforum", "prompt": "a fox"}
        assert list(refused(api, "/api/generate", body)) == ["steps"]
        assert api.post("/api/generate", {**body, "steps": 4}).status_code == 200

    def test_the_final_is_checked_as_the_preview_was(self, api: APIClient, media_dir: Path) -> None:
        video = picture(api, media_dir)
        body = {"type": "deforum", "prompt": "a fox", "videoId": video}
        job = api.post("/api/generate", body).json()["data"]
        api.post(f"/api/cancelJob/{video}")
        assert job["status"] == "processing"
        found = refused(api, "/api/finalize", {"videoId": video, "schedules": DEPTH_MASK})
        assert list(found) == ["schedules.hybrid_comp_mask_type"]


def test_sdxl_takes_its_own(tmp_path: Path, api: APIClient, model: ModelFile) -> None:
    """A LoRA of Stable Diffusion 1.5 is refused by an SDXL model."""
    model.location, model.family = str(build_sdxl(tmp_path / "xl")), "sdxl"
    model.save(update_fields=["location", "family"])
    install("lora", "ink", build_lora(tmp_path / "ink.safetensors"))
    body = {"type": "deforum", "prompt": "a fox <lora:ink:1>"}
    assert list(refused(api, "/api/generate", body)) == ["prompt"]
