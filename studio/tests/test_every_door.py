"""One verdict for one parameter, whichever way it comes in: never a crash, and a refusal costs and leaves nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from config.api.errors import ValidationFailed
from effects.models import Effect
from studio.models import MediaFile, ModelFile, RenderJob, Video
from studio.rendering.models.tiny import build_controlnet
from studio.requests.parsing import MAX_NAMED
from studio.requests.types import all_parameters
from studio.services.catalogue.effect_previews import preview_plan
from studio.services.catalogue.seeding import seed_catalogue
from studio.services.files.store import store_file
from studio.services.jobs.lifecycle import retry_render
from studio.tests.applied import credits, jobs
from studio.tests.parameter_values import Case, cases
from tenants.scope import all_tenants, tenant_scope
from tests.undone import undone

pytestmark = pytest.mark.django_db

CASES = list(cases())
Verdict = tuple[bool, str]
Door = Callable[[Case], Any]
UNKNOWN = {"wishes": 3, "cfg_scale": 5, "": 1, "type": "deforum"}


@dataclass
class Told:
    """What is no answer of the API, as the API would give it."""

    status_code: int
    data: Any = None

    def json(self) -> dict[str, Any]:
        return {"data": self.data}


class Doors:
    """Each asks for a render with one parameter, and answers the response."""

    def __init__(self, api: APIClient, staff: APIClient, site: Client, user: User, source: MediaFile) -> None:
        self.api, self.staff, self.site, self.user, self.source = api, staff, site, user, source

    def video(self, workflow: str, **values: Any) -> Video:
        with tenant_scope(self.user.tenant_id):
            source = self.source if workflow == "vid2vid" else None
            return Video.objects.create(
                tenant_id=self.user.tenant_id, owner=self.user, type=workflow, source=source, **values
            )

    def body(self, case: Case) -> dict[str, Any]:
        return {"prompt": "a fox", "steps": 2, "seed": 7, case.parameter: case.value}

    def generate(self, case: Case) -> Any:
        video = self.video(case.workflow)
        return self.api.post("/api/generate", {"type": case.workflow, "videoId": video.pk, **self.body(case)})

    def finalize(self, case: Case) -> Any:
        prompt = {"prompt": "a fox", "steps": 2, "seed": 7, "length": 1}
        parameters = {n: v for n, v in prompt.items() if case.workflow == "deforum" or n != "length"}
        video = self.video(case.workflow, status="preview_ready", parameters=parameters)
        return self.api.post("/api/finalize", {"videoId": video.pk, case.parameter: case.value})

    def effect(self, case: Case, template: dict[str, Any] | None = None, **values: Any) -> Effect:
        kind = "video_transform" if case.workflow == "vid2vid" else "animation"
        parameters = self.body(case) if template is None else template
        return Effect.objects.create(name="E", slug="e", type=kind, credits_cost=1, parameters=parameters, **values)

    def applied(self, effect: Effect, url: str = "/api/ai-jobs", **body: Any) -> Any:
        body |= {"effect_id": effect.pk, "idempotency_key": "one"}
        if effect.type == "video_transform":
            body["input_file_id"] = self.source.pk
        return self.api.post(url, body)

    def stored_template(self, case: Case) -> Any:
        return self.applied(self.effect(case))

    def estimate(self, case: Case) -> Any:
        return self.applied(self.effect(case), "/api/ai-jobs/estimate")

    def filled_form(self, case: Case) -> Any:
        """The staff's site; its answer as the API would give it."""
        form = {
            "name": "E", "slug": "e", "tags": "", "credits_cost": 1, "popularity_score": 0,
            "type": "video_transform" if case.workflow == "vid2vid" else "animation",
            "parameters": json.dumps(self.body(case)), "configurable_properties": "[]",
        }  # fmt: skip
        answer = self.site.post("/admin/effects/effect/add/", form)
        if answer.status_code == 302:
            return Told(200)
        return Told(422, answer.context["adminform"].form.errors)

    def previewed(self, case: Case) -> Any:
        """The plan of an effect's picture, as the command draws it up."""
        try:
            preview_plan(self.effect(case), self.source)
        except ValidationFailed as error:
            return Told(422, error.data)
        return Told(200)

    def saved_template(self, case: Case) -> Any:
        kind = "video_transform" if case.workflow == "vid2vid" else "animation"
        body = {
            "name": "E", "slug": "e", "type": kind, "credits_cost": 1, "is_active": True, "is_premium": False,
            "is_new": False, "popularity_score": 0, "parameters": self.body(case),
        }  # fmt: skip
        return self.staff.post("/api/admin/effects", body)


@pytest.fixture
def doors(
    api: APIClient, user: User, make_user: Any, client_of: Any, tiny_model: ModelFile, media_dir: Path, tmp_path: Path
) -> Doors:
    controlnet = build_controlnet(tmp_path / "canny")
    ModelFile.objects.create(name="canny", slug="canny", model_type="controlnet", location=str(controlnet))
    seed_catalogue()
    Effect.objects.all().delete()
    with tenant_scope(user.tenant_id):
        source = store_file(path=media_dir / "clip.mp4", owner=user, kind=MediaFile.Kind.SOURCE)
    chief = make_user(role=User.Role.SUPER_ADMINISTRATOR)
    site = Client()
    site.force_login(chief)
    return Doors(api, client_of(chief), site, user, source)


def judged(doors: Doors, door: Door, case: Case) -> tuple[int, list[str]]:
    """The status, and the parameters that are named; whatever was made is undone."""
    with undone():
        answer = door(case)
        if answer.status_code >= 400:
            assert (jobs(), credits(doors.user)[1]) == ([], 0), case.name
    assert answer.status_code in (200, 422), (case.name, answer.content)
    named = answer.json().get("data") or {} if answer.status_code == 422 else {}
    return answer.status_code, sorted({name.partition(".")[0] for name in named})


@pytest.mark.parametrize("workflow", ["vid2vid", "deforum"])
@pytest.mark.parametrize("door", ["generate", "finalize"])
def test_requests(doors: Doors, door: str, workflow: str) -> None:
    for case in CASES:
        if case.workflow == workflow:
            expected = (200, []) if case.fits else (422, [case.parameter])
            assert judged(doors, getattr(doors, door), case) == expected, case.name


@pytest.mark.parametrize("workflow", ["vid2vid", "deforum"])
@pytest.mark.parametrize("door", ["stored_template", "estimate", "saved_template", "filled_form", "previewed"])
def test_templates(doors: Doors, door: str, workflow: str) -> None:
    """A blank prompt in a template stands for none, and what only a request can say is unknown there."""
    known = all_parameters()
    for case in CASES:
        if case.workflow == workflow and not _stands_for_none(case):
            fits = case.fits and known[case.parameter].of_effects
            status, named = judged(doors, getattr(doors, door), case)
            if door in ("saved_template", "filled_form"):
                # A preset may be made later; a schedule is followed when there is a video.
                assert status == (200 if fits or _found_with_use(case) else 422), case.name
                assert named == ([] if status == 200 else ["parameters"])
            else:
                assert (status, named) == ((200, []) if fits else (422, [case.parameter])), case.name


def _stands_for_none(case: Case) -> bool:
    return case.parameter == "prompt" and not str("" if case.value is None else case.value).strip()


def _found_with_use(case: Case) -> bool:
    return isinstance(case.value, dict) and "zoom" in case.value and case.workflow == "deforum"


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_parameters_of_templates(doors: Doors, name: str) -> None:
    case = Case("vid2vid", name, UNKNOWN[name], False)
    for door in (doors.stored_template, doors.estimate, doors.previewed):
        assert judged(doors, door, case) == (422, [name]), name
    for door in (doors.saved_template, doors.filled_form):
        assert judged(doors, door, case) == (422, ["parameters"])


def test_unknown_figures_of_a_templates_unit(doors: Doors) -> None:
    case = Case("vid2vid", "controlnet", [{"type": "canny", "strength": 2}], False)
    for door in (doors.stored_template, doors.estimate, doors.previewed):
        assert judged(doors, door, case) == (422, ["controlnet"])
    for door in (doors.saved_template, doors.filled_form):
        assert judged(doors, door, case) == (422, ["parameters"])


def test_requests_are_told_what_nobody_knows(doors: Doors) -> None:
    """They are taken all the same: clients of other versions say more."""
    more = {"wishes": 3, "cfg_scale": 5, "": 1, "x" * 90: None, "idempotency_key": "first"}
    unit = [{"type": "canny", "strength": 2}]
    named = ["wishes", "cfg_scale", "", "x" * 64]
    video = doors.video("vid2vid")
    body = {"type": "vid2vid", "videoId": video.pk, "prompt": "a fox", "steps": 2, "controlnet": unit, **more}
    started = doors.api.post("/api/generate", body)
    assert started.json()["data"]["unknown_keys"] == [*named, "controlnet.0.strength"], started.content
    again = doors.api.post("/api/generate", body)
    assert again.json() == started.json(), "a replay says the same"
    prompt = {"prompt": "a fox", "steps": 2, "length": 1}
    approved = doors.video("deforum", status="preview_ready", parameters=prompt)
    answer = doors.api.post("/api/finalize", {"videoId": approved.pk, **more, "idempotency_key": "two", "type": "x"})
    assert answer.json()["data"]["unknown_keys"] == [*named, "type"], answer.content
    effect = doors.effect(Case("deforum", "steps", 2, True))
    for url in ("/api/ai-jobs/estimate", "/api/ai-jobs"):
        answer = doors.applied(effect, url, priority=1, prompt="a fox", wishes=3)
        assert answer.json()["data"]["unknown_keys"] == ["prompt", "wishes"], answer.content
    assert "unknown_keys" not in doors.applied(effect, "/api/ai-jobs/estimate").json()["data"]
    answer = doors.api.post("/api/v1/deforum-settings", {"settings": {"zoom": "0:(1)", "wishes": 3}})
    assert answer.json()["data"]["unknown_keys"] == ["wishes"]


def test_a_form_is_told_what_nobody_knows(doors: Doors) -> None:
    video = doors.video("vid2vid")
    form = {
        "type": "vid2vid",
        "videoId": video.pk,
        "prompt": "a",
        "steps": 2,
        "wishes[a]": 3,
        "controlnet[0][type]": "canny",
    }
    answer = doors.api.post("/api/generate", form, format="multipart")
    assert answer.json()["data"]["unknown_keys"] == ["wishes"], answer.content


def test_at_most_so_many_are_named(doors: Doors) -> None:
    body = {"type": "deforum", "prompt": "a fox", "length": 1, **{f"wish {n}": n for n in range(15_000)}}
    named = doors.api.post("/api/generate", body).json()["data"]["unknown_keys"]
    assert named == [f"wish {n}" for n in range(MAX_NAMED)]


def test_what_is_no_json_is_malformed_everywhere(doors: Doors) -> None:
    """Python's own reader would take these for numbers, and a depth of 100,000 levels for a stack."""
    video = doors.video("vid2vid", status="preview_ready", parameters={"prompt": "a fox"})
    deep = "[" * 100_000 + "]" * 100_000
    with all_tenants():
        before = Video.objects.count()
    for url in ("generate", "finalize", "ai-jobs", "ai-jobs/estimate", "v1/deforum-settings"):
        for value in ("NaN", "Infinity", "-Infinity", "1e", "0x10", deep, '"\\ud800"'):
            body = f'{{"videoId": {video.pk}, "type": "vid2vid", "prompt": "a", "steps": {value}}}'
            answer = doors.api.generic("POST", f"/api/{url}", body, "application/json")
            assert answer.status_code == 400, (url, value[:20], answer.content)
    with all_tenants():
        assert (jobs(), Video.objects.count()) == ([], before)


@pytest.mark.parametrize("levels", [10, 40])
def test_what_is_nested_deeply_is_refused_by_name(doors: Doors, levels: int) -> None:
    value: Any = 1
    for _ in range(levels):
        value = {"zoom": [value]} if levels % 3 else {"a": value}
    for name in ("steps", "prompt", "controlnet", "schedules"):
        case = Case("deforum", name, value, False)
        for door in (doors.generate, doors.finalize):
            assert judged(doors, door, case) == (422, [name] if levels < 20 else ["body"]), name
        for door in (doors.stored_template, doors.estimate, doors.previewed):
            assert judged(doors, door, case) == (422, [name]), name
        assert judged(doors, doors.filled_form, case) == (422, ["parameters"]), name


def test_a_remix_of_an_old_video_is_checked_when_asked_for(
    doors: Doors, media_dir: Path, make_user: Any, client_of: Any
) -> None:
    """What it once was asked for is shown as it was; whoever asks for it today is told."""
    old = {"prompt": "a fox", "steps": 100_000, "cfgScale": "high", "wishes": 3}
    with tenant_scope(doors.user.tenant_id):
        output = store_file(path=media_dir / "clip.mp4", owner=doors.user, kind=MediaFile.Kind.OUTPUT)
    video = doors.video("deforum", status="completed", parameters=old, output=output)
    item = doors.api.post(f"/api/videos/{video.pk}/publish")
    assert item.status_code == 200, item.content
    other = client_of(make_user())
    (found,) = other.get("/api/gallery").json()["data"]["items"]
    remix = other.post(f"/api/gallery/{found['id']}/remix").json()["data"]
    assert remix["parameters"].keys() == {"prompt", "steps", "cfgScale"}
    answer = other.post("/api/generate", {"type": remix["type"], **remix["parameters"]})
    assert (answer.status_code, sorted(answer.json()["data"])) == (422, ["cfgScale", "steps"])


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"parameters": ["steps"]}, "parameters"),
        ({"parameters": {"denoising": {"property": "nobody", "to": [0, 1]}}}, "denoising"),
        ({"parameters": {"denoising": {"property": "strong", "to": "x"}}}, "denoising"),
        ({"parameters": {"prompt": "{{nobody}}"}}, "prompt"),
        ({"configurable_properties": [{"key": "1"}]}, "configurable_properties"),
        ({"configurable_properties": "strong"}, "configurable_properties"),
    ],
)
def test_a_broken_effect_in_the_database_is_refused(doors: Doors, broken: dict[str, Any], field: str) -> None:
    properties = [{"key": "strong", "type": "number", "range": [0, 1], "default": 0.5}]
    effect = doors.effect(Case("deforum", "", None, True), {"prompt": "a fox"}, configurable_properties=properties)
    Effect.objects.filter(pk=effect.pk).update(**broken)
    for url in ("/api/ai-jobs", "/api/ai-jobs/estimate"):
        answer = doors.applied(effect, url)
        assert (answer.status_code, list(answer.json()["data"])) == (422, [field]), answer.content
    with all_tenants():
        assert (jobs(), credits(doors.user)[1], Video.objects.count()) == ([], 0, 0)


def test_an_old_renders_parameters_are_checked_when_it_is_repeated(doors: Doors) -> None:
    """Rows that were stored before the bounds: finalize names what can't be asked for any more."""
    video = doors.video("deforum", status="preview_ready", parameters={"prompt": "a fox", "steps": 100_000})
    answer = doors.api.post("/api/finalize", {"videoId": video.pk})
    assert (answer.status_code, list(answer.json()["data"])) == (422, ["steps"])
    assert jobs() == []
    assert doors.api.post("/api/finalize", {"videoId": video.pk, "steps": 2, "length": 1}).status_code == 200


def test_an_old_render_that_can_not_be_asked_for_is_not_tried_again(doors: Doors) -> None:
    video = doors.video("deforum")
    asked = {"type": "deforum", "videoId": video.pk, "prompt": "a fox", "length": 1}
    assert doors.api.post("/api/generate", asked).status_code == 200
    with all_tenants():
        RenderJob.objects.update(status="failed", parameters={"prompt": "a fox", "cfgScale": "high"})
        Video.objects.update(status="failed")
        old = RenderJob.objects.select_related("video__effect", "owner", "effect").get()
        with pytest.raises(ValidationFailed, match="cfgScale"):
            retry_render(old)
    assert [job.pk for job in jobs()] == [old.pk]
