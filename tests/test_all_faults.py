"""A refusal tells everything that is wrong with a request: the fields, and what other rows make of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from commerce.models import WalletType
from effects.models import Effect
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

NOBODYS = 999_999


@pytest.fixture
def staff(make_user: UserFactory, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(make_user(role=User.Role.ADMINISTRATOR))


@pytest.fixture
def cartoon() -> Effect:
    properties = [{"key": "mood", "type": "text"}]
    return Effect.objects.create(
        name="Cartoon", slug="cartoon", type="video_transform", credits_cost=1, configurable_properties=properties
    )


def told(answer: Any) -> set[str]:
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error"), answer.json()
    return set(answer.json()["data"])


@pytest.mark.parametrize("url", ["/api/register", "/api/auth/register", "/api/v2/register"])
def test_registration(anonymous: APIClient, user: User, url: str) -> None:
    body = {"email": user.email, "password": "12345678", "first_name": "x" * 256}
    answer = anonymous.post(url, body)
    named = url == "/api/register"
    confirmation = "c_password" if named else "password_confirmation"
    assert told(answer) == {"email", "password", "first_name", confirmation} | ({"name"} if named else set())
    assert answer.json()["data"]["email"] == ["The email has already been taken."]


def test_profile(api: APIClient, make_user: UserFactory) -> None:
    assert told(api.post("/api/me", {"email": make_user().email, "password": "short", "name": ""})) == {
        "email", "password", "name",
    }  # fmt: skip


def test_an_invitation(api: APIClient, user: User) -> None:
    assert told(api.post("/api/tenant/invitations", {"email": user.email, "role": "king"})) == {"email", "role"}


def test_the_own_password(staff: APIClient) -> None:
    body = {"newPassword": "12345678", "confirmNewPassword": "another"}
    answer = staff.patch("/api/administration/change-password", body)
    assert told(answer) == {"currentPassword", "newPassword", "confirmNewPassword"}


def test_a_users_data(staff: APIClient, user: User, make_user: UserFactory) -> None:
    body = {"id": make_user().pk, "login": "", "email": user.email}
    answer = staff.patch("/api/administration/change-user-data", body)
    assert told(answer) == {"login", "email"}
    assert answer.json()["data"]["email"] == ["The email has already been taken."]


def test_a_message(api: APIClient) -> None:
    assert told(api.post("/api/messages", {"attachmentType": "song"})) == {"chatId", "message", "attachmentType"}


def test_a_support_request(anonymous: APIClient) -> None:
    assert told(anonymous.post("/api/support-request", {"orderId": 1})) == {"text", "email", "orderId"}


def test_a_product(staff: APIClient, api: APIClient) -> None:
    body = {"categoryId": NOBODYS, "price": 1.005, "credits": 5}
    assert told(staff.post("/api/products", body)) == {"name", "categoryId", "price"}
    assert told(api.post("/api/products", body)) == {"name", "categoryId", "price", "credits"}


def test_an_order(api: APIClient) -> None:
    assert told(api.post("/api/orders", {"productId": NOBODYS})) == {"items", "payment_method"}
    assert told(api.post("/api/orders", {"payment_method": "gold"})) == {"items", "payment_method"}


def test_a_wallet(api: APIClient) -> None:
    answer = api.post("/api/user-wallets", {"walletTypeId": NOBODYS, "info": "x" * 256})
    assert told(answer) == {"walletTypeId", "info"}


def test_a_finance_operation(api: APIClient) -> None:
    assert told(api.post("/api/finance-operations", {"money": "much"})) == {"money", "type", "walletId"}
    assert told(api.post("/api/finance-operations", {"money": 1, "typeId": NOBODYS})) == {"type", "typeId"}
    assert told(api.get("/api/user-wallets") and api.post(
        "/api/finance-operations", {"money": 1.5, "typeId": WalletType.objects.get(kind="credits").pk}
    )) == {"type", "money"}  # fmt: skip


def test_an_ai_job(api: APIClient, cartoon: Effect) -> None:
    body = {"effect_id": NOBODYS, "provider": "telepathy", "priority": 1000}
    assert told(api.post("/api/ai-jobs", body)) == {"effect_id", "provider", "priority", "idempotency_key"}
    body = {"effect_id": cartoon.pk, "input_payload": {"speed": 1}, "priority": 1000}
    assert told(api.post("/api/ai-jobs/estimate", body)) == {"input_payload.speed", "video_id"}
    assert told(api.post("/api/ai-jobs", body)) == {"input_payload.speed", "priority", "idempotency_key"}


def test_an_upload(api: APIClient) -> None:
    answer = api.post("/api/videos/uploads", {"effect_id": NOBODYS, "mime_type": "text/plain", "size": 2**50})
    assert told(answer) == {"effect_id", "mime_type", "size", "original_filename"}


def test_a_video(api: APIClient) -> None:
    assert told(api.post("/api/videos", {"effect_id": NOBODYS, "title": "x" * 256})) == {
        "effect_id", "original_file_id", "title",
    }  # fmt: skip


def test_a_preview(api: APIClient) -> None:
    body = {"type": "vid2vid", "cfgScale": 99, "modelId": NOBODYS, "length": 3}
    assert told(api.post("/api/generate", body)) == {"videoId", "prompt", "cfgScale", "modelId", "length"}


def test_a_final(api: APIClient) -> None:
    body = {"steps": 99, "modelId": NOBODYS, "preset": "nobody's"}
    assert told(api.post("/api/finalize", body)) == {"videoId", "steps", "modelId", "preset"}
