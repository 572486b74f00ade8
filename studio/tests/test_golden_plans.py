"""What a request becomes, by every door: the frozen plan and the parameters that are kept stay what they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from effects.models import Effect
from studio.models import MediaFile, ModelFile, RenderJob, Video
from studio.rendering.deforum.settings import DeforumSettings, export_settings
from studio.rendering.models.tiny import build_controlnet, build_lora
from studio.rendering.plan import RenderPlan
from studio.services.catalogue.effect_previews import preview_plan, sample_clip
from studio.services.catalogue.models import model_path
from studio.services.catalogue.seeding import seed_catalogue
from studio.services.files.store import store_file
from studio.services.jobs.lifecycle import retry_render
from studio.tests.golden_requests import DEFORUM, OVERRIDES, TEMPLATES, VID2VID
from tenants.scope import all_tenants, tenant_scope

pytestmark = pytest.mark.django_db
GOLDEN = Path(__file__).with_name("golden_plans.json")
SEED = 7
_DEFAULTS = export_settings(DeforumSettings())

Ask = Callable[..., RenderJob]


@pytest.fixture(autouse=True)
def model(tiny_model: ModelFile, tmp_path: Path) -> ModelFile:
    for kind, slug, path in (
        ("controlnet", "canny", build_controlnet(tmp_path / "canny")),
        ("lora", "ink", build_lora(tmp_path / "ink.safetensors")),
    ):
        ModelFile.objects.create(name=slug, slug=slug, model_type=kind, location=str(path))
    seed_catalogue()
    return tiny_model


@pytest.fixture
def compare(request: pytest.FixtureRequest, model: ModelFile, tmp_path: Path) -> Callable[[str, Any], None]:
    """Compare what was frozen with the golden answer of this name, places of this run aside."""

    def compare(name: str, found: Any) -> None:
        text = json.dumps(found, sort_keys=True)
        for place, word in ((str(model_path(model)), "MODEL"), (str(tmp_path), "FOLDER")):
            text = text.replace(place, word)
        golden = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
        if request.config.getoption("--golden"):
            golden[name] = json.loads(text)
            GOLDEN.write_text(json.dumps(golden, indent=1, sort_keys=True) + "\n")
        # As texts: 5 and 5.0 are equal, and yet another answer.
        assert text == json.dumps(golden[name], sort_keys=True)

    return compare


@pytest.fixture
def ask(api: APIClient, user: User, media_dir: Path) -> Ask:
    """The job of a request at generate; of a video with the test clip as its source, if it is to be restyled."""

    def ask(kind: str, body: dict[str, Any]) -> RenderJob:
        body = {"seed": SEED, **body}
        if kind == "vid2vid":
            with tenant_scope(user.tenant_id):
                file = store_file(path=media_dir / "clip.mp4", owner=user, kind=MediaFile.Kind.SOURCE)
                video = Video.objects.create(tenant_id=user.tenant_id, owner=user, type=kind, source=file)
            body["videoId"] = video.pk
        return _job(api.post("/api/generate", {"type": kind, **body}))

    return ask


def _job(answer: Any) -> RenderJob:
    assert answer.status_code == 200, answer.json()
    with all_tenants():
        return RenderJob.objects.get(pk=answer.json()["data"].get("job_id") or answer.json()["data"]["id"])


def _frozen(job: RenderJob) -> dict[str, Any]:
    model_id = job.model_file_id
    with all_tenants():
        job.refresh_from_db()
    parameters, plan = dict(job.parameters), dict(job.plan)
    assert json.loads(json.dumps(RenderPlan.from_json(plan).to_json())) == plan
    assert parameters.pop("modelId") == model_id
    assert parameters["seed"] == plan["seed"]
    if plan["seed"] > 10_000:
        parameters["seed"] = plan["seed"] = "drawn"
    if "extendFromJobId" in parameters:
        parameters["extendFromJobId"] = "extended"
    return {"parameters": parameters, "plan": _short(plan), "price": job.price, "frames": job.frames_total}


def _short(plan: dict[str, Any]) -> dict[str, Any]:
    """The plan with those of its settings that are not Deforum's own defaults."""
    settings = plan["params"].get("settings")
    if settings is None:
        return plan
    assert set(settings) == set(_DEFAULTS)
    short = {name: value for name, value in settings.items() if repr(value) != repr(_DEFAULTS[name])}
    return {**plan, "params": {**plan["params"], "settings": short}}


def _over(job: RenderJob, status: str) -> None:
    with all_tenants():
        RenderJob.objects.filter(pk=job.pk).update(status=status)
        Video.objects.filter(pk=job.video_id).update(status=status)


@pytest.mark.parametrize("name", VID2VID)
def test_vid2vid(ask: Ask, compare: Callable[[str, Any], None], name: str) -> None:
    compare(f"vid2vid: {name}", _frozen(ask("vid2vid", VID2VID[name])))


@pytest.mark.parametrize("name", DEFORUM)
def test_deforum(ask: Ask, compare: Callable[[str, Any], None], name: str) -> None:
    compare(f"deforum: {name}", _frozen(ask("deforum", DEFORUM[name])))


@pytest.mark.parametrize("name", OVERRIDES)
def test_finalize(api: APIClient, ask: Ask, compare: Callable[[str, Any], None], name: str) -> None:
    kind, which, overrides = OVERRIDES[name]
    job = ask(kind, (VID2VID if kind == "vid2vid" else DEFORUM)[which])
    _over(job, "completed")
    with all_tenants():
        Video.objects.filter(pk=job.video_id).update(status="preview_ready")
    final = _job(api.post("/api/finalize", {"videoId": job.video_id, **overrides}))
    compare(f"finalize: {name}", _frozen(final))


@pytest.mark.parametrize("which", ["vid2vid", "deforum"])
def test_retry(ask: Ask, compare: Callable[[str, Any], None], which: str) -> None:
    job = ask(which, (VID2VID if which == "vid2vid" else DEFORUM)["all"])
    _over(job, "failed")
    with all_tenants():
        job = RenderJob.objects.select_related("video__effect", "owner", "effect").get(pk=job.pk)
        again = _frozen(retry_render(job))
    compare(f"retry: {which}", again)


def test_an_extension(api: APIClient, user: User, media_dir: Path, ask: Ask, compare: Any) -> None:
    base = ask("deforum", {**DEFORUM["all"], "preset": "orbit"})
    with all_tenants():
        kept = store_file(path=media_dir / "clip.mp4", owner=user, kind=MediaFile.Kind.SOURCE)
        RenderJob.objects.filter(pk=base.pk).update(purpose="final", checkpoint=kept)
    _over(base, "completed")
    more = ask("deforum", {"extendFromJobId": base.video_id, "seed": None, "length": 1, "frameCount": 2})
    compare("extension", _frozen(more))


@pytest.mark.parametrize("name", TEMPLATES)
def test_an_effect(
    api: APIClient, user: User, media_dir: Path, tmp_path: Path, compare: Callable[[str, Any], None], name: str
) -> None:
    kind, template = TEMPLATES[name]
    effect = Effect.objects.create(
        name="Any", slug="any", description="Looks.", type=kind, credits_cost=1, parameters={"seed": SEED, **template},
        configurable_properties=[
            {"key": "intensity", "type": "number", "range": [0, 1], "default": 0.5},
            {"key": "prompt", "type": "text", "default": "quiet"},
        ],
    )  # fmt: skip
    body: dict[str, Any] = {"effect_id": effect.pk, "idempotency_key": "one"}
    with tenant_scope(user.tenant_id):
        source = store_file(path=media_dir / "clip.mp4", owner=user, kind=MediaFile.Kind.SOURCE)
    if kind == "video_transform":
        body["input_file_id"] = source.pk
    job = _job(api.post("/api/ai-jobs", body))
    assert job.effect_id == effect.pk
    compare(f"effect: {name}", _frozen(job))
    compare(f"effect's preview: {name}", _short(preview_plan(effect, sample_clip(tmp_path)).to_json()))


def test_the_seeded_effects(compare: Callable[[str, Any], None], tmp_path: Path) -> None:
    source = sample_clip(tmp_path)
    compare("seeded", {e.slug: _short(preview_plan(e, source).to_json()) for e in Effect.objects.all()})


def test_a_settings_file(api: APIClient, ask: Ask, compare: Callable[[str, Any], None]) -> None:
    job = ask("deforum", DEFORUM["all"])
    written = api.get(f"/api/v1/deforum-settings/{job.video_id}").json()["data"]
    read = api.post("/api/v1/deforum-settings", {"settings": written}).json()["data"]["settings"]
    compare("settings file", _frozen(ask("deforum", {"schedules": read, "seed": 0})))
