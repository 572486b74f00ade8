"""Settings files on their way into a render: what a file says is followed or named, and it says nothing more."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from studio.models import ModelFile, Preset, RenderJob
from tenants.scope import all_tenants

pytestmark = pytest.mark.django_db

MOTION_ONLY = {"animation_mode": "2D", "border": "wrap", "angle": "0:(1.2)", "zoom": "0:(1.01)"}
NUMBERS = {
    "W": 256,
    "H": 192,
    "fps": 10,
    "max_frames": 12,
    "seed": 1234,
    "steps": 3,
    "sampler": "Euler",
    "animation_mode": "2D",
    "zoom": "0:(1), (max_f):(1.5)",
    "prompts": {"0": "a lighthouse", "6": "a harbour"},
}


@pytest.fixture(autouse=True)
def model(tiny_model: ModelFile) -> ModelFile:
    tiny_model.max_pixels = 256 * 256
    tiny_model.save(update_fields=["max_pixels"])
    return tiny_model


@pytest.fixture
def read(api: APIClient) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def read(content: dict[str, Any]) -> dict[str, Any]:
        answer = api.post("/api/v1/deforum-settings", {"settings": content})
        assert answer.status_code == 200, answer.json()
        data: dict[str, Any] = answer.json()["data"]
        return data

    return read


@pytest.fixture
def generate(api: APIClient) -> Callable[..., RenderJob]:
    def generate(**body: Any) -> RenderJob:
        answer = api.post("/api/generate", {"type": "deforum", **body})
        assert answer.status_code == 200, answer.json()
        with all_tenants():
            return RenderJob.objects.get(pk=answer.json()["data"]["job_id"])

    return generate


def settings_of(job: RenderJob) -> dict[str, Any]:
    found: dict[str, Any] = job.plan["params"]["settings"]
    return found


def picture(api: APIClient, media_dir: Path) -> int:
    part = SimpleUploadedFile("clip.mp4", (media_dir / "clip.mp4").read_bytes())
    answer = api.post("/api/upload", {"attachment": part, "type": "deforum"}, format="multipart")
    video: int = answer.json()["data"]["videoId"]
    return video


def test_a_file_says_only_what_it_says(
    api: APIClient, read: Callable[..., Any], generate: Callable[..., RenderJob], media_dir: Path
) -> None:
    said = read(MOTION_ONLY)["settings"]
    # Older than the other way of matching colours: that much a file says by what it leaves out.
    assert said == {**MOTION_ONLY, "legacy_colormatch": True}
    job = generate(prompt="a harbour", denoising=0.3, videoId=picture(api, media_dir), schedules=said)
    settings = settings_of(job)
    assert settings["prompts"] == {"0": "a harbour"}
    assert (settings["use_init"], settings["init_image"]) == (True, "uploaded picture")
    assert (settings["strength_schedule"], settings["diffusion_cadence"]) == ("0:(0.700000)", "0:(2)")
    assert settings["angle"] == "0:(1.2)"


def test_the_numbers_of_a_file_are_rendered(
    api: APIClient, read: Callable[..., Any], generate: Callable[..., RenderJob]
) -> None:
    data = read(NUMBERS)
    assert (data["unknown_keys"], data["not_taken"]) == ([], {})
    job = generate(schedules=data["settings"])
    plan = job.plan
    assert (plan["width"], plan["height"], plan["fps"], plan["frame_count"]) == (256, 192, "10", 12)
    assert (plan["seed"], plan["model"]["steps"], plan["model"]["scheduler"]) == (1234, 3, "euler")
    status = api.get(f"/status/{job.video_id}").json()["data"]
    assert (status["seed"], status["fps"], status["frame_count"]) == (1234, "10", 12)
    final = api.post("/api/generate", {"type": "deforum", "schedules": NUMBERS}).json()["data"]
    assert (final["frame_count"], final["seed"]) == (12, 1234)


def test_the_requests_own_parameters_come_first(generate: Callable[..., RenderJob]) -> None:
    own = {"seed": 7, "steps": 2, "fps": 8, "length": 2, "scheduler": "ddim", "prompt": "a fox"}
    job = generate(schedules=NUMBERS | {"strength_schedule": "0:(0.9)"}, denoising=0.5, **own)
    plan = job.plan
    assert (plan["seed"], plan["model"]["steps"], plan["fps"], plan["frame_count"]) == (7, 2, "8", 16)
    assert plan["model"]["scheduler"] == "ddim"
    assert settings_of(job)["prompts"] == {"0": "a fox"}
    assert settings_of(job)["strength_schedule"] == "0:(0.500000)"


def test_a_prompt_that_names_keyframed_prompts_leaves_them(generate: Callable[..., RenderJob]) -> None:
    job = generate(prompt="a lighthouse", schedules=NUMBERS)
    assert settings_of(job)["prompts"] == NUMBERS["prompts"]


def test_a_presets_numbers_count_too(generate: Callable[..., RenderJob], api: APIClient) -> None:
    with all_tenants():
        Preset.objects.create(tenant=None, name="Saved", slug="saved", settings=NUMBERS)
    assert generate(preset="saved", prompt="a fox").plan["frame_count"] == 12


@pytest.mark.parametrize("name", ["animation_prompts", "prompts"])
@pytest.mark.parametrize("as_text", [True, False])
def test_prompts_under_both_names(
    read: Callable[..., Any], generate: Callable[..., RenderJob], name: str, as_text: bool
) -> None:
    prompts = {"0": "a cat --neg fog", "10": "a dog"}
    said = read({name: json.dumps(prompts) if as_text else prompts, "animation_prompts_negative": "rain"})
    assert said["unknown_keys"] == []
    settings = settings_of(generate(schedules=said["settings"]))
    assert (settings["prompts"], settings["animation_prompts_negative"]) == (prompts, "rain")


def test_earlier_versions_are_read(read: Callable[..., Any], generate: Callable[..., RenderJob]) -> None:
    legacy = {
        "animation_mode": "2D",
        "max_frames": 30,
        "color_coherence": "Match Frame 0 LAB",
        "diffusion_cadence": "2",
        "hybrid_composite": False,
        "optical_flow_cadence": False,
        "flip_2d_perspective": True,
        "perspective_flip_theta": "0:(3)",
        "cn_1_weight": 0.7,
        "border": "wrap",
        "histogram_matching": True,
        "use_zoe_depth": True,
        "sampler": 1,
        "prompts": {"0": "a lighthouse in fog", "15": "a harbour --neg people"},
    }
    data = read(legacy)
    assert data["unknown_keys"] == ["histogram_matching"]
    expected = {
        "color_coherence": "LAB",
        "diffusion_cadence": "0: (2)",
        "hybrid_composite": "None",
        "optical_flow_cadence": "None",
        "enable_perspective_flip": True,
        "cn_1_weight": "0: (0.7)",
        "legacy_colormatch": True,
        "depth_algorithm": "Zoe+AdaBins (old)",
        "sampler": "Euler",
    }
    assert {key: data["settings"][key] for key in expected} == expected
    settings = settings_of(generate(schedules=data["settings"]))
    assert {key: settings[key] for key in expected} == expected
    # A request that was never read as a file first.
    known = {key: value for key, value in legacy.items() if key != "histogram_matching"}
    assert settings_of(generate(schedules=known))["color_coherence"] == "LAB"


def test_ranges_that_nothing_looks_at_are_not_judged(
    read: Callable[..., Any], generate: Callable[..., RenderJob]
) -> None:
    unused = {
        "animation_mode": "3D",
        "max_frames": 12,
        "zoom": "0: (0)",
        "enable_perspective_flip": False,
        "perspective_flip_fv": "0: (60*cos(3.14*t/12))",
        "enable_subseed_scheduling": False,
        "subseed_schedule": "0: (-1)",
        "subseed_strength_schedule": "0: (0.3*sin(t))",
        "use_looper": False,
        "blendFactorSlope": "0:(2)",
        "prompts": {"0": "a lighthouse in fog"},
    }
    assert settings_of(generate(schedules=read(unused)["settings"]))["zoom"] == "0: (0)"


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"max_frames": 2000, "fps": 15}, "max_frames"),
        ({"fps": 120, "max_frames": 100}, "fps"),
        ({"seed": 0}, "seed"),
        ({"sampler": "DPM++ SDE Karras"}, "sampler"),
        ({"W": 1024, "H": 1024}, "W"),
        ({"use_init": True, "init_image": "https://example.org/a.png"}, "init_image"),
        ({"use_mask": True, "mask_file": "https://example.org/a.png"}, "mask_file"),
        ({"use_mask_video": True, "video_mask_path": "m.mp4"}, "video_mask_path"),
        ({"color_coherence": "Image", "color_coherence_image_path": "a.png"}, "color_coherence_image_path"),
        ({"use_looper": True, "init_images": {"0": "a.png"}}, "init_images"),
        ({"optical_flow_cadence": "RAFT"}, "optical_flow_cadence"),
        ({"cn_1_enabled": True, "cn_1_model": "control_v11p_sd15_canny"}, "cn_1_enabled"),
        ({"cn_2_enabled": True, "cn_2_module": "openpose_full"}, "cn_2_enabled"),
        ({"prompts": {"0": "a cat <lora:ink:0.5>"}}, "prompts"),
    ],
)
def test_what_is_not_followed_is_named_with_the_reason_and_the_rest_renders(
    read: Callable[..., Any], generate: Callable[..., RenderJob], content: dict[str, Any], field: str
) -> None:
    data = read(content)
    assert data["not_taken"][field].startswith(f"{field}: ")
    generate(prompt="a fox", schedules=data["settings"])


@pytest.mark.parametrize(
    ("schedules", "field"),
    [
        ({"max_frames": 2000}, "schedules.max_frames"),
        ({"fps": 90}, "schedules.fps"),
        ({"sampler": "Heun"}, "schedules.sampler"),
        ({"cn_1_enabled": True, "cn_1_model": "canny"}, "schedules.cn_1_model"),
    ],
)
def test_what_a_request_asks_for_and_can_not_have_is_refused(
    api: APIClient, schedules: dict[str, Any], field: str
) -> None:
    answer = api.post("/api/generate", {"type": "deforum", "prompt": "a fox", "schedules": schedules})
    assert answer.status_code == 422
    assert list(answer.json()["data"]) == [field]


def test_what_is_written_reads_back_to_the_same_plan(
    api: APIClient, read: Callable[..., Any], generate: Callable[..., RenderJob]
) -> None:
    extra = {"angle": "0:(t)", "enable_subseed_scheduling": True, "fps": 12.5, "max_frames": 20}
    job = generate(schedules=NUMBERS | extra, negative_prompt="fog", cfgScale=5, denoising=0.4)
    written = api.get(f"/api/v1/deforum-settings/{job.video_id}").json()["data"]
    assert written["sampler"] == "Euler"
    data = read(written)
    assert (data["unknown_keys"], data["not_taken"]) == ([], {})
    again = generate(schedules=data["settings"])
    assert again.plan == job.plan


def test_a_finals_new_prompts_replace_the_previews_prompt(api: APIClient, generate: Callable[..., RenderJob]) -> None:
    job = generate(prompt="a fox", length=1, fps=8)
    with all_tenants():
        RenderJob.objects.filter(pk=job.pk).update(status="completed")
        job.video.status = "preview_ready"
        job.video.save(update_fields=["status"])
    body = {"videoId": job.video_id, "schedules": {"prompts": {"0": "a wolf"}}}
    answer = api.post("/api/finalize", body)
    assert answer.status_code == 200, answer.json()
    with all_tenants():
        final = RenderJob.objects.get(pk=answer.json()["data"]["job_id"])
    assert settings_of(final)["prompts"] == {"0": "a wolf"}


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({"use_init": True}, ["init_image"]),
        ({"use_init": True, "init_image": None}, ["init_image"]),
        ({"use_mask": True, "mask_file": ""}, ["mask_file"]),
        ({"use_looper": True}, ["init_images"]),
        ({"color_coherence": "Image"}, ["color_coherence_image_path"]),
    ],
)
def test_pictures_that_a_file_leaves_to_the_extension(
    read: Callable[..., Any], generate: Callable[..., RenderJob], said: dict[str, Any], names: list[str]
) -> None:
    answer = read({**MOTION_ONLY, "prompts": {"0": "a cat"}, **said})
    assert list(answer["not_taken"]) == names
    generate(schedules=answer["settings"])


def test_null_says_nothing(read: Callable[..., Any], generate: Callable[..., RenderJob]) -> None:
    silent = dict.fromkeys(["W", "H", "fps", "max_frames", "seed", "steps", "sampler", "use_init", "angle"])
    said = read({**MOTION_ONLY, "prompts": {"0": "a cat"}, **silent})["settings"]
    assert set(said) & set(silent) == set()
    job = generate(schedules={**said, **silent})
    assert (job.plan["fps"], job.plan["frame_count"]) == ("24", 120)
