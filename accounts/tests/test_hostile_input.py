"""Enormous fields, enormous bodies, and line breaks that would begin a header of a mail."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.conf import settings as django_settings
from rest_framework.test import APIClient

from accounts.models import Invitation, User
from accounts.tests.mailbox import Mailbox, work
from tenants.models import Tenant
from tenants.scope import all_tenants
from tests.fixtures import PASSWORD
from tests.patience import FOREVER_SECONDS

BODY = {"email": "ann@example.com", "password": PASSWORD, "password_confirmation": PASSWORD, "name": "Ann"}
LARGE = 4_000_000
"""Within what a body may have."""
HUGE = 10_000_000
QUICKLY_SECONDS = 10.0
INJECTION = "Ann\r\nBcc: evil@example.com\r\n\r\nBuy"
INJECTED_ADDRESSES = [
    "ann@example.com\r\nBcc: evil@example.com",
    "ann@example.com\nevil@example.com",
    "ann\r\nBcc: evil@example.com",
    "ann@example.com, evil@example.com",
    "Ann <ann@example.com>",
    "ann@example.com%0aBcc:evil@example.com",
]


def register(url: str, encoding: str, body: dict[str, str]) -> tuple[int, Any]:
    """Over HTTP, as JSON, as a form or as a multipart form; fails when the answer takes much of the processor."""
    sent: Any = {name: (None, value) for name, value in body.items()} if encoding == "files" else body
    begun = time.process_time()
    answer = requests.post(f"{url}/api/auth/register", **{encoding: sent}, timeout=FOREVER_SECONDS)
    assert time.process_time() - begun < QUICKLY_SECONDS
    return answer.status_code, answer.json()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("encoding", ["json", "data", "files"])
def test_an_enormous_registration_is_refused_at_once(encoding: str, live_server: Any) -> None:
    for field in BODY:
        status, answer = register(live_server.url, encoding, {**BODY, field: "x" * LARGE})
        assert status == 422
        assert answer["data"][field][0] == "Ensure this field has no more than 255 characters."
    status, answer = register(live_server.url, encoding, {**BODY, "name": "x" * HUGE})
    assert (status, answer["code"]) == (413, "too_large")
    assert f"{django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes" in answer["message"]
    assert not User.objects.exists()
    assert not Tenant.objects.exists()
    assert register(live_server.url, encoding, BODY)[0] == 200


@pytest.mark.django_db(transaction=True)
def test_a_name_with_line_breaks_adds_neither_header_nor_recipient(
    mailbox: Mailbox, live_server: Any, client_of: Callable[[User], APIClient]
) -> None:
    assert register(live_server.url, "json", {**BODY, "name": INJECTION})[0] == 200
    owner = client_of(User.objects.get())
    assert owner.patch("/api/tenant", {"name": INJECTION}).status_code == 200
    assert owner.post("/api/tenant/invitations", {"email": "bob@example.com"}).status_code == 201
    work()
    assert mailbox.recipients == [mail["To"] for mail in mailbox.mails] == ["ann@example.com", "bob@example.com"]
    assert [mail["Bcc"] for mail in mailbox.mails] == [None, None]
    assert mailbox.mails[1]["Subject"] == "You are invited to a workspace"
    assert all("evil@example.com" not in mail.as_string() for mail in mailbox.mails)


@pytest.mark.django_db
@pytest.mark.parametrize("address", INJECTED_ADDRESSES)
@pytest.mark.parametrize("path", ["/api/auth/register", "/api/auth/forgot-password", "/api/tenant/invitations"])
def test_an_address_with_more_than_an_address_is_refused(
    path: str,
    address: str,
    mailbox: Mailbox,
    api: APIClient,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = api.post(path, {**BODY, "email": address})
    assert (answer.status_code, list(answer.json()["data"])) == (422, ["email"])
    work()
    assert mailbox.mails == []
    assert User.objects.count() == 1
    with all_tenants():
        assert not Invitation.objects.exists()
