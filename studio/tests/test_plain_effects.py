"""Effects made of the document's own fields: no template, no properties, and yet they run."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from config.api.errors import ValidationFailed
from effects.models import Effect
from effects.services import effect_parameters
from studio.models import ModelFile, RenderJob
from studio.tests.applied import JOBS_URL as URL
from studio.tests.applied import ClientOf, Upload, asked, credits, jobs
from tests.fixtures import UserFactory

OIL = {
    "name": "Oil Painting",
    "slug": "oil-painting",
    "type": "video_transform",
    "credits_cost": 15,
    "is_active": True,
    "is_premium": True,
    "is_new": True,
    "popularity_score": 50,
    "description": "Transform your video into an oil painting masterpiece.",
    "tags": ["art", "painting", "classic"],
}
PROMPT = "Oil Painting, Transform your video into an oil painting masterpiece."


@pytest.mark.django_db
class TestOverHttp:
    @pytest.fixture(autouse=True)
    def model(self, tiny_model: ModelFile) -> ModelFile:
        return tiny_model

    @pytest.fixture
    def staff(self, make_user: UserFactory, client_of: ClientOf) -> APIClient:
        return client_of(make_user(role=User.Role.ADMINISTRATOR))

    def create(self, staff: APIClient, **changes: Any) -> Effect:
        answer = staff.post("/api/admin/effects", {**OIL, **changes})
        assert answer.status_code == 200, answer.json()
        return Effect.objects.get(pk=answer.json()["data"]["id"])

    def submit(self, api: APIClient, effect: Effect, **changes: Any) -> RenderJob:
        answer = api.post(URL, asked(effect, **changes))
        assert answer.status_code == 200, answer.json()
        return jobs()[-1]

    def test_the_documents_effect_runs(self, api: APIClient, staff: APIClient, user: User, upload_clip: Upload) -> None:
        job = self.submit(api, self.create(staff), input_file_id=upload_clip())
        assert (job.workflow, job.parameters["prompt"], job.price) == ("vid2vid", PROMPT, 15)
        assert credits(user) == (50, 15)

    def test_the_documents_payload_says_how_much(self, api: APIClient, staff: APIClient, upload_clip: Upload) -> None:
        job = self.submit(api, self.create(staff), input_file_id=upload_clip(), input_payload={"intensity": 0.8})
        assert job.parameters["denoising"] == pytest.approx(0.44)
        assert job.video.input_payload == {"intensity": 0.8}

    def test_the_users_words_join_the_effects(self, api: APIClient, staff: APIClient, upload_clip: Upload) -> None:
        job = self.submit(
            api, self.create(staff, description=None), input_file_id=upload_clip(), input_payload={"prompt": "a fox"}
        )
        assert job.parameters["prompt"] == "Oil Painting, a fox"

    def test_an_animation_needs_no_video(self, api: APIClient, staff: APIClient) -> None:
        job = self.submit(api, self.create(staff, type="animation"))
        assert (job.workflow, job.parameters["prompt"], job.price) == ("deforum", PROMPT, 15)

    def test_a_payload_of_something_else_is_refused(
        self, api: APIClient, staff: APIClient, upload_clip: Upload
    ) -> None:
        body = asked(self.create(staff), input_file_id=upload_clip(), input_payload={"speed": 1})
        answer = api.post(URL, body)
        assert (answer.status_code, list(answer.json()["data"])) == (422, ["input_payload.speed"])


def effect(*, parameters: dict[str, Any] | None = None, properties: list[dict[str, Any]] | None = None) -> Effect:
    """Not saved: parameters need no database."""
    return Effect(
        name="Oil", description="Thick\n brush.", type="video_transform", parameters=parameters or {},
        configurable_properties=properties or [],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("properties", "payload", "parameters"),
    [
        ([{"key": "subject", "type": "text"}], {"subject": "a fox"}, {"prompt": "Oil, a fox, Thick brush."}),
        ([{"key": "subject", "type": "text"}], {}, {"prompt": "Oil, Thick brush."}),
        ([{"key": "negative_prompt", "type": "text"}], {"negative_prompt": "blue"},
         {"prompt": "Oil, Thick brush.", "negative_prompt": "blue"}),
        ([{"key": "strength", "type": "number", "range": [0, 100]}], {"strength": 50},
         {"prompt": "Oil, Thick brush.", "denoising": 0.35}),
        ([{"key": "cfg_scale", "type": "number"}, {"key": "duration", "type": "number"}],
         {"cfg_scale": 5, "duration": 2}, {"prompt": "Oil, Thick brush.", "cfgScale": 5.0, "length": 2.0}),
        ([{"key": "shine", "type": "number"}], {"shine": 3}, {"prompt": "Oil, Thick brush."}),
    ],
)  # fmt: skip
def test_properties_without_a_template(
    properties: list[dict[str, Any]], payload: dict[str, Any], parameters: dict[str, Any]
) -> None:
    assert effect_parameters(effect(properties=properties), payload) == parameters


def test_a_template_has_the_first_word() -> None:
    properties = [{"key": "mood", "type": "text"}, {"key": "intensity", "type": "number", "range": [0, 1]}]
    one = effect(parameters={"prompt": "oil, {{mood}}", "denoising": 0.3}, properties=properties)
    assert effect_parameters(one, {"mood": "calm", "intensity": 1}) == {"prompt": "oil, calm", "denoising": 0.3}


def test_an_optional_prompt_that_was_not_given() -> None:
    one = effect(parameters={"prompt": "{{prompt}}"}, properties=[{"key": "prompt", "type": "text"}])
    assert effect_parameters(one)["prompt"] == "Oil, Thick brush."
    assert effect_parameters(one, {"prompt": "a fox"})["prompt"] == "a fox"


def test_keyframed_prompts_are_prompts() -> None:
    one = effect(parameters={"schedules": {"prompts": {"0": "a fox"}}})
    assert "prompt" not in effect_parameters(one)


def test_a_long_description_is_cut() -> None:
    one = effect()
    one.description = "word " * 2000
    assert len(effect_parameters(one)["prompt"]) == 4000


def test_a_parameter_by_its_name_has_its_bounds() -> None:
    with pytest.raises(ValidationFailed) as refused:
        effect_parameters(effect(properties=[{"key": "steps", "type": "number"}]), {"steps": 100_000})
    assert list(refused.value.data or {}) == ["input_payload.steps"]
