"""A copy of everything, and the end of an account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from django.core.files.storage import default_storage
from rest_framework.test import APIClient

from accounts.models import DataRequest, LoginSession, User
from accounts.tests.mailbox import Mailbox, work
from commerce.models import FinanceOperation
from commerce.services.wallets import open_credit_wallet
from studio.models import Video
from tenants.scope import all_tenants, tenant_scope
from tests.fixtures import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def video(user: User) -> Video:
    open_credit_wallet(user=user)
    with tenant_scope(user.tenant):
        return Video.objects.create(owner=user, type="deforum", title="My film")


def test_a_copy_of_my_data(
    mailbox: Mailbox,
    user: User,
    api: APIClient,
    video: Video,
    make_user: UserFactory,
    client_of: Callable[[User], APIClient],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    stranger = make_user()
    with django_capture_on_commit_callbacks(execute=True):
        asked = api.post("/api/me/export")
        assert asked.status_code == 202
        assert api.post("/api/me/export").json()["code"] == "already_requested"
    path = f"/api/me/export/{asked.json()['data']['id']}"
    assert api.get(path).status_code == 404, "not ready"
    work()
    assert path in mailbox.mails[0].get_body(("plain",)).get_content()
    content = orjson.loads(b"".join(api.get(path).streaming_content))
    assert content["user"][0]["email"] == user.email
    assert [row["title"] for row in content["studio.Video.owner"]] == ["My film"]
    assert content["commerce.FinanceOperation.user"]
    text = orjson.dumps(content).decode()
    assert user.password not in text
    assert stranger.email not in text
    assert client_of(stranger).get(path).status_code == 404


def test_the_end_of_an_account(
    mailbox: Mailbox,
    user: User,
    api: APIClient,
    video: Video,
    anonymous: APIClient,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    email = user.email
    assert api.post("/api/me/delete", {"password": "wrong"}).status_code == 422
    assert api.post("/api/me/delete", {"email": email}).status_code == 422
    assert not DataRequest.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        api.post("/api/me/export")
    work()
    [name] = DataRequest.objects.values_list("file", flat=True)
    with django_capture_on_commit_callbacks(execute=True):
        assert api.post("/api/me/delete", {"password": PASSWORD}).status_code == 202
    assert api.get("/api/me").status_code == 401, "at once"
    work()
    user.refresh_from_db()
    assert email not in (user.email, user.name)
    assert not user.has_usable_password()
    assert not LoginSession.objects.filter(user=user).exists()
    assert not default_storage.exists(name)
    with all_tenants():
        assert Video.objects.get(pk=video.pk).deleted_at is not None
        assert FinanceOperation.objects.filter(user=user).exists(), "the ledger keeps its entries"
    assert anonymous.post("/api/login", {"email": email, "password": PASSWORD}).status_code == 401
    body = {"email": email, "password": PASSWORD, "password_confirmation": PASSWORD}
    assert anonymous.post("/api/auth/register", body).status_code == 200, "the address is free"
