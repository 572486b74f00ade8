"""An effect keeps the number of a model: what staff may choose, and what keeps a model from being deleted."""

from __future__ import annotations

import json

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.models import User
from effects.models import Effect
from studio.models import ModelFile
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

PAGE = "/admin/effects/effect"


@pytest.fixture
def staff(make_user: UserFactory) -> Client:
    client = Client()
    client.force_login(make_user(role=User.Role.SUPER_ADMINISTRATOR))
    return client


@pytest.fixture
def model() -> ModelFile:
    return ModelFile.objects.create(name="Oil paint", slug="oil", location="oil")


def form(**changes: object) -> dict[str, object]:
    return {
        "name": "Oil", "slug": "oil", "tags": "", "type": "animation", "parameters": json.dumps({"prompt": "a fox"}),
        "configurable_properties": "[]", "credits_cost": 5, "popularity_score": 0, **changes,
    }  # fmt: skip


def test_staff_choose_a_model_by_its_name(staff: Client, model: ModelFile) -> None:
    assert f'<option value="{model.pk}">Oil paint</option>' in staff.get(f"{PAGE}/add/").content.decode()
    refused = staff.post(f"{PAGE}/add/", form(model_file_id=model.pk + 1))
    assert list(refused.context["adminform"].form.errors) == ["model_file_id"]
    assert staff.post(f"{PAGE}/add/", form(model_file_id=model.pk)).status_code == 302
    effect = Effect.objects.get()
    assert effect.model_file_id == model.pk
    assert staff.post(f"{PAGE}/{effect.pk}/change/", form(model_file_id="")).status_code == 302
    effect.refresh_from_db()
    assert effect.model_file_id is None


def test_a_model_that_an_effect_is_made_for_stays(staff: Client, model: ModelFile) -> None:
    effect = Effect.objects.create(name="Oil", slug="oil", type="animation", credits_cost=1, model_file_id=model.pk)
    page = f"/admin/studio/modelfile/{model.pk}/delete/"
    answer = staff.post(page, {"post": "yes"})
    assert answer.status_code == 200
    assert "effect: Oil" in answer.content.decode()
    several = {"action": "delete_selected", "_selected_action": model.pk, "post": "yes"}
    assert "effect: Oil" in staff.post("/admin/studio/modelfile/", several).content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    # Whoever does not ask is told by the database.
    with pytest.raises(IntegrityError), transaction.atomic():
        model.delete()
    effect.delete()
    assert staff.post(page, {"post": "yes"}).status_code == 302
    assert not ModelFile.objects.exists()
