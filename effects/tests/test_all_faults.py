"""A refusal tells everything that is wrong with a catalogue's row, as the document's example does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from effects import services
from effects.models import Category, Effect
from effects.tests.test_staff_api import OIL
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

NO_NAME = ["The name field is required."]
TAKEN = ["The slug has already been taken."]


@pytest.fixture
def staff(make_user: UserFactory, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(make_user(role=User.Role.ADMINISTRATOR))


@pytest.fixture
def effect() -> Effect:
    return services.create_effect(values=OIL)


def test_the_documents_example(staff: APIClient, effect: Effect) -> None:
    answer = staff.post("/api/admin/effects", {name: value for name, value in OIL.items() if name != "name"})
    assert (answer.status_code, answer.json()) == (
        422,
        {
            "success": False,
            "message": "Validation Error",
            "code": "validation_error",
            "data": {"name": NO_NAME, "slug": TAKEN},
        },
    )


def test_everything_that_is_wrong_with_an_effect(staff: APIClient, effect: Effect) -> None:
    body: dict[str, Any] = {
        **OIL, "name": "", "credits_cost": -1, "category_id": 10**30, "model_id": 10**6, "thumbnail_url": "ftp://x",
        "preview_video_url": "nowhere", "parameters": {"prompt": "{{nobody}}", "steps": 10**5},
        "configurable_properties": [{"key": "1"}], "tags": ["x" * 65],
    }  # fmt: skip
    answer = staff.post("/api/admin/effects", body)
    assert set(answer.json()["data"]) == {
        "name", "slug", "credits_cost", "category_id", "model_id", "thumbnail_url", "preview_video_url", "parameters",
        "configurable_properties", "tags.0",
    }  # fmt: skip


def test_a_change_is_looked_at_with_what_stays(staff: APIClient, effect: Effect) -> None:
    other = services.create_effect(values={**OIL, "slug": "other"})
    url = f"/api/admin/effects/{other.pk}"
    answer = staff.patch(url, {"name": "", "slug": "oil-painting", "parameters": {"prompt": "{{nobody}}"}})
    assert set(answer.json()["data"]) == {"name", "slug", "parameters"}
    assert staff.patch(url, {"slug": "other", "parameters": {"prompt": "oil"}}).status_code == 200


def test_a_category(staff: APIClient) -> None:
    Category.objects.create(name="Retro", slug="retro")
    answer = staff.post("/api/admin/categories", {"slug": "retro", "sort_order": "first"})
    assert answer.json()["data"] == {"name": NO_NAME, "slug": TAKEN, "sort_order": ["A valid integer is required."]}
    answer = staff.post("/api/admin/categories", {"slug": "by-user-id"})
    assert set(answer.json()["data"]) == {"name", "slug", "sort_order"}
