"""A remix starts from everything that made the video what it is, and from nothing of its owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from gallery.models import GalleryItem
from studio.models import ModelFile, Preset, RenderJob
from studio.requests.types import TYPES, parameters_of
from studio.services.blocked_phrases import block_phrase
from studio.services.catalogue.seeding import seed_catalogue
from studio.tests.parameter_values import cases
from tenants.scope import all_tenants, tenant_scope

pytestmark = pytest.mark.django_db
Publish = Callable[..., GalleryItem]
OWNERS = {"extendFromJobId", "startFrame", "endFrame", "frameCount"}


@pytest.fixture(autouse=True)
def model(tiny_model: ModelFile) -> ModelFile:
    seed_catalogue()
    return tiny_model


def remixed(api: APIClient, item: GalleryItem) -> dict[str, Any]:
    answer = api.post(f"/api/gallery/{item.pk}/remix")
    assert answer.status_code == 200, answer.json()
    found: dict[str, Any] = answer.json()["data"]["parameters"]
    return found


def settings_of(api: APIClient, parameters: dict[str, Any]) -> dict[str, Any]:
    answer = api.post("/api/generate", {"type": "deforum", **parameters})
    assert answer.status_code == 200, answer.json()
    with all_tenants():
        found: dict[str, Any] = RenderJob.objects.get(pk=answer.json()["data"]["job_id"]).plan["params"]["settings"]
    return found


@pytest.mark.parametrize("workflow", TYPES)
def test_every_parameter_but_the_owners(api: APIClient, publish: Publish, workflow: str) -> None:
    good = {case.parameter: case.value for case in cases() if case.workflow == workflow and case.fits}
    parameters = {"modelId": 1, "preset": "orbit", "extendFromJobId": 12, **good}
    own = {p.api for p in parameters_of(workflow)}
    said = {name: value for name, value in parameters.items() if name in own}
    assert set(said) >= own - {"endFrame"}
    expected = {name: value for name, value in said.items() if name not in OWNERS}
    assert remixed(api, publish(type=workflow, parameters=said)) == expected


def test_an_orbit_keeps_its_motion(api: APIClient, publish: Publish) -> None:
    parameters = {"prompt": "a temple", "preset": "orbit", "scheduler": "euler", "seed": 7, "length": 1.0, "fps": 12.0}
    found = remixed(api, publish(type="deforum", parameters=parameters))
    assert found == parameters
    again = settings_of(api, found)
    assert again == settings_of(api, parameters)
    assert again["rotation_3d_y"] != settings_of(api, {**parameters, "preset": None})["rotation_3d_y"]


def test_a_preset_of_the_owners_tenant_is_told_by_its_settings(api: APIClient, publish: Publish, artist: User) -> None:
    with tenant_scope(artist.tenant_id):
        settings = {"zoom": "0:(1.5)", "angle": "0:(3)"}
        Preset.objects.create(tenant_id=artist.tenant_id, name="Mine", slug="mine", settings=settings)
    parameters = {"prompt": "a temple", "preset": "mine", "schedules": {"angle": "0:(5)"}}
    found = remixed(api, publish(type="deforum", parameters=parameters))
    assert found == {"prompt": "a temple", "schedules": {"zoom": "0:(1.5)", "angle": "0:(5)"}}
    again = settings_of(api, found)
    assert (again["zoom"], again["angle"]) == ("0:(1.5)", "0:(5)")


def test_a_preset_that_is_gone_is_named_by_whoever_asks(api: APIClient, publish: Publish) -> None:
    found = remixed(api, publish(type="deforum", parameters={"prompt": "a temple", "preset": "gone"}))
    answer = api.post("/api/generate", {"type": "deforum", **found})
    assert (answer.status_code, list(answer.json()["data"])) == (422, ["preset"])


def test_what_the_block_list_has_is_refused(api: APIClient, publish: Publish, user: User) -> None:
    item = publish(type="deforum", parameters={"prompt": "a temple", "schedules": {"prompts": {"0": "a gory scene"}}})
    block_phrase({"phrase": "gory scene"}, by=user, reason="Our terms.")
    answer = api.post(f"/api/gallery/{item.pk}/remix")
    assert (answer.status_code, answer.json()["code"]) == (422, "prompt_refused")
    assert list(answer.json()["data"]) == ["parameters.schedules"]
