"""A copy of everything, and the end of an account."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from rest_framework.test import APIClient

from accounts.hooks import user_data
from accounts.models import AuditEntry, DataRequest, LoginSession, User
from accounts.services import personal_data
from accounts.tests.copies import fetch_copy, make_copy
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
    with django_capture_on_commit_callbacks(execute=True):
        work()
    work()
    assert path in mailbox.mails[0].get_body(("plain",)).get_content()
    content = fetch_copy(api, path).data
    assert content["user"][0]["email"] == user.email
    assert [row["title"] for row in content["studio.Video.owner"]] == ["My film"]
    assert content["commerce.FinanceOperation.user"]
    assert content["accounts.LoginSession.user"]
    text = json.dumps(content)
    assert user.password not in text
    assert stranger.email not in text
    assert client_of(stranger).get(path).status_code == 404


def test_a_copy_expires_and_is_swept(user: User, api: APIClient, settings: Any) -> None:
    path = make_copy(api)
    [name] = DataRequest.objects.values_list("file", flat=True)
    listed = api.get("/api/me/export").json()["data"][0]
    assert listed["expires_at"] > listed["finished_at"]
    settings.EXPORT_DAYS = 0
    assert api.get(path).status_code == 404
    call_command("reap", once=True)
    assert not default_storage.exists(name)
    assert api.get("/api/me/export").json()["data"][0]["expires_at"] is None
    settings.EXPORT_DAYS = 7
    assert api.get(path).status_code == 404


def test_a_copy_that_was_not_finished_is_replaced(user: User, api: APIClient) -> None:
    asked = api.post("/api/me/export").json()["data"]["id"]
    default_storage.save(f"exports/{asked}.zip", ContentFile(b"PK and then the power went"))
    personal_data.export(asked)
    assert fetch_copy(api, f"/api/me/export/{asked}").data["user"][0]["email"] == user.email
    mine = [name for name in default_storage.listdir("exports")[1] if asked in name]
    assert mine == [f"{asked}.zip"]


def test_a_part_of_a_copy(user: User, api: APIClient) -> None:
    path = make_copy(api)
    part = api.get(path, headers={"Range": "bytes=0-1"})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, b"PK")


def test_every_table_that_names_users_has_a_holder() -> None:
    """Whoever adds one has to decide what an export shows of it, and what a deletion leaves."""
    naming = {
        model._meta.app_label
        for model in apps.get_models()
        if any(field.related_model is User for field in model._meta.concrete_fields if field.is_relation)
    }
    # Those of accounts and of the packages that it uses, answers to repeated requests, and what staff did in the admin.
    assert naming - set(user_data) == {"accounts", "account", "socialaccount", "mfa", "api", "admin"}


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
    events = list(AuditEntry.objects.filter(subject=user))
    assert {"data.deletion_requested", "account.deleted"} <= {entry.event for entry in events}, "what happened stays"
    assert not any(entry.address or entry.user_agent or entry.detail for entry in events), "from where does not"
    assert not default_storage.exists(name)
    with all_tenants():
        assert Video.objects.get(pk=video.pk).deleted_at is not None
        assert FinanceOperation.objects.filter(user=user).exists(), "the ledger keeps its entries"
    assert anonymous.post("/api/login", {"email": email, "password": PASSWORD}).status_code == 401
    body = {"email": email, "password": PASSWORD, "password_confirmation": PASSWORD}
    assert anonymous.post("/api/auth/register", body).status_code == 200, "the address is free"
