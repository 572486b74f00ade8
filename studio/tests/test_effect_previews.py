"""The seeded effects: each one makes a plan, and previews are rendered, stored and served."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from effects.models import Category, Effect
from effects.services import create_effect, delete_effect, effect_parameters, update_effect
from effects.services.seeding import seed_effects
from studio.models import ModelFile, RenderJob, Video
from studio.rendering.models.checks import check_adapters
from studio.rendering.plan import ControlNetSpec, ModelSpec
from studio.serializers.jobs import ParametersSerializer
from studio.services.catalogue.effect_previews import preview_plan, sample_clip
from studio.services.catalogue.models import controlnet_path, model_path
from studio.services.catalogue.seeding import seed_catalogue
from tenants.scope import all_tenants

pytestmark = pytest.mark.django_db


def test_seeding_leaves_alone_what_staff_made_of_it() -> None:
    created = seed_effects()
    assert (created, seed_effects()) == (Effect.objects.count() + Category.objects.count(), 0)
    update_effect(Effect.objects.get(slug="watercolor"), changes={"credits_cost": 99})
    delete_effect(Effect.objects.get(slug="pixel-art"))
    assert seed_effects() == 0
    assert Effect.objects.get(slug="watercolor").credits_cost == 99
    assert Effect.objects.get(slug="pixel-art").is_deleted


def test_a_new_studio_has_a_catalogue() -> None:
    assert seed_catalogue() > 0
    effects = Effect.objects.public()
    assert effects.count() >= 12
    assert Category.objects.filter(effects__in=effects).distinct().count() >= 4
    assert len({str(effect.parameters) for effect in effects}) == effects.count()


def test_the_shipped_model_comes_with_its_controlnet() -> None:
    seed_catalogue()
    model = ModelFile.objects.get(is_default=True)
    spec = ModelSpec(family="sd15", location=str(model_path(model)))
    check_adapters(spec, [ControlNetSpec(kind="canny", location=str(controlnet_path("canny")))])


def test_every_seeded_effect_makes_a_plan(tiny_model: ModelFile, tmp_path: Any) -> None:
    seed_effects()
    source = sample_clip(tmp_path)
    for effect in Effect.objects.all():
        checked = ParametersSerializer(data=effect_parameters(effect))
        assert checked.is_valid(), (effect.slug, checked.errors)
        plan = preview_plan(effect, source)
        assert (plan.workflow, plan.frames_to_render) == (effect.workflow, 24)
        numbers = [item for item in effect.configurable_properties if item["type"] == "number"]
        extremes = {item["key"]: item["range"][1] for item in numbers}
        assert ParametersSerializer(data=effect_parameters(effect, extremes)).is_valid(), effect.slug


def test_previews_are_rendered_once_and_served_to_everybody(tiny_model: ModelFile, anonymous: APIClient) -> None:
    effect = create_effect(
        values={
            "name": "Neon", "slug": "neon", "type": "video_transform", "credits_cost": 1,
            "parameters": {"prompt": "neon", "denoising": 0.5},
        }
    )  # fmt: skip
    out = StringIO()
    call_command("render_effect_previews", stdout=out)
    effect.refresh_from_db()
    assert out.getvalue() == "1 effects rendered.\n"
    detail = anonymous.get("/api/effects/neon").json()["data"]
    for url, mime_type, magic in (
        (detail["thumbnail_url"], "image/jpeg", b"\xff\xd8\xff"),
        (detail["preview_video_url"], "video/mp4", b"ftyp"),
    ):
        answer = anonymous.get(url)
        assert (answer.status_code, answer["Content-Type"]) == (200, mime_type)
        assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
        assert magic in b"".join(answer.streaming_content)[:16]
        assert anonymous.get(url, HTTP_RANGE="bytes=0-9").status_code == 206
    call_command("render_effect_previews", stdout=out)
    assert out.getvalue().endswith("0 effects rendered.\n")
    with all_tenants():
        assert not Video.objects.exists()
        assert not RenderJob.objects.exists()


@pytest.mark.parametrize(
    "name", ["nothing-0123456789ab.jpg", "..%2F..%2Fsecret-0123456789ab.jpg", "sample.mp4", "neon-0123456789ab.svg"]
)
def test_only_previews_are_served(anonymous: APIClient, name: str) -> None:
    assert anonymous.get(f"/effects/media/{name}").status_code == 404


def test_an_unknown_effect_is_named(tiny_model: ModelFile) -> None:
    with pytest.raises(CommandError, match="There is no effect nothing"):
        call_command("render_effect_previews", "nothing")


def test_an_effect_that_can_not_be_rendered_is_named_and_the_others_are_done(tiny_model: ModelFile) -> None:
    values = {"type": "video_transform", "credits_cost": 1}
    create_effect(values={**values, "name": "Broken", "slug": "broken", "parameters": {"controlnet": "depth"}})
    create_effect(values={**values, "name": "Fine", "slug": "fine", "parameters": {"prompt": "oil"}})
    with pytest.raises(CommandError, match="Broken: controlnet"):
        call_command("render_effect_previews", stdout=StringIO())
    assert default_storage.exists("public/effects/" + Effect.objects.get(slug="fine").thumbnail_url.rpartition("/")[2])
