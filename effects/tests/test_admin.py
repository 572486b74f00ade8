"""The catalogue's staff pages go through the services."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from config.api.freshness import current_token
from effects.models import Category, Effect
from effects.services.catalogue import LIST
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

FORM = {
    "name": "Oil", "slug": "oil", "description": "", "category": "", "tags": "art,paint", "type": "video_transform",
    "model_file_id": "", "parameters": json.dumps({"prompt": "{{subject}}"}),
    "configurable_properties": json.dumps([{"key": "subject", "type": "text"}]), "thumbnail_url": "",
    "preview_video_url": "", "credits_cost": 5, "is_active": "on", "popularity_score": 0,
}  # fmt: skip


@pytest.fixture
def staff(make_user: UserFactory) -> Client:
    client = Client()
    client.force_login(make_user(role=User.Role.SUPER_ADMINISTRATOR))
    return client


def test_add_change_delete_restore(staff: Client, django_capture_on_commit_callbacks: Callable[..., Any]) -> None:
    cache.clear()
    tokens = {current_token(LIST)}

    def post(url: str, data: dict[str, Any]) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            answer = staff.post(url, data)
        assert answer.status_code == 302, answer.context["errors"]
        tokens.add(current_token(LIST))

    post("/admin/effects/effect/add/", FORM)
    effect = Effect.objects.get()
    assert (effect.slug, effect.tags, effect.credits_cost) == ("oil", ["art", "paint"], 5)
    post(f"/admin/effects/effect/{effect.pk}/change/", {**FORM, "credits_cost": 7})
    effect.refresh_from_db()
    assert effect.credits_cost == 7
    post(f"/admin/effects/effect/{effect.pk}/delete/", {"post": "yes"})
    effect.refresh_from_db()
    assert effect.is_deleted
    post("/admin/effects/effect/", {"action": "restore", "_selected_action": effect.pk})
    effect.refresh_from_db()
    assert not effect.is_deleted
    assert len(tokens) == 5, "what is cached of the public list ended with each change"
    assert staff.get("/admin/effects/effect/").status_code == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"parameters": '{"prompt": "{{nobody}}"}'}, "parameters"),
        ({"parameters": '{"shell": "rm"}'}, "parameters"),
        ({"configurable_properties": '[{"key": "1"}]'}, "configurable_properties"),
        ({"slug": "42"}, "__all__"),
    ],
)
def test_bad_effects_are_refused_in_the_form(staff: Client, change: dict[str, str], field: str) -> None:
    answer = staff.post("/admin/effects/effect/add/", {**FORM, **change})
    assert (answer.status_code, list(answer.context["adminform"].form.errors)) == (200, [field])
    assert not Effect.objects.exists()


def test_categories(staff: Client) -> None:
    form = {"name": "Art", "slug": "art", "description": "", "sort_order": 1, "kind": "effect"}
    assert staff.post("/admin/effects/category/add/", form).status_code == 302
    category = Category.objects.get()
    url = f"/admin/effects/category/{category.pk}"
    assert staff.post(f"{url}/change/", {**form, "name": "Arts"}).status_code == 302
    assert Category.objects.get().name == "Arts"
    assert staff.post("/admin/effects/category/add/", {**form, "slug": "by-user-id"}).status_code == 200
    assert staff.post(f"{url}/delete/", {"post": "yes"}).status_code == 302
    assert not Category.objects.exists()
