"""What a client asks for before it renders: a token for forms, models, presets."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from studio.models import ModelFile

pytestmark = pytest.mark.django_db


def test_the_csrf_token_is_given(anonymous: APIClient) -> None:
    answer = anonymous.get("/api/csrf-token")
    assert len(answer.json()["data"]["csrf_token"]) >= 32
    assert "csrftoken" in answer.cookies


def test_models_and_presets_are_listed(api: APIClient, anonymous: APIClient, tiny_model: ModelFile) -> None:
    rows = anonymous.get("/api/v1/model-files").json()["data"]["items"]
    assert [set(row) for row in rows] == [
        {"id", "name", "description", "version", "previewUrl", "enabled", "modelType"}
    ]
    assert api.get("/api/v1/presets").status_code == 200
    assert anonymous.get("/api/v1/presets").status_code == 401
