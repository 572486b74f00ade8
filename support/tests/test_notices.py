"""Mails about requests, the link in them, and the page it leads to."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.mailbox import Mailbox, work
from support import services
from support.models import SupportMessage, SupportRequest

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Callable[..., Any]) -> Callable[[Callable[[], Any]], Any]:
    """Does something as if it were committed, then everything it put into the queue."""

    def committed(action: Callable[[], Any]) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            result = action()
        work()
        return result

    return committed


@pytest.fixture
def anonymous_ticket(db: None) -> SupportRequest:
    return services.file_anonymous_request(text=SCRIPT, subject=8, login="<b>Eve</b>", email="eve@example.com")


def link_in(mail: Any) -> str:
    return urlsplit(
        re.search(r"https?://\S+/support/requests/\S+", mail.get_body(("plain",)).get_content()).group()
    ).path


def test_an_anonymous_request_is_followed_by_its_mailed_link(
    anonymous: APIClient, client: Client, staff: User, mailbox: Mailbox, committed: Callable[..., Any]
) -> None:
    body = {"text": SCRIPT, "subject": 8, "login": "Eve", "email": "Eve@Example.com"}
    filed = committed(lambda: anonymous.post("/api/support-request", body, format="json"))
    (mail,) = mailbox.mails
    assert (mail["To"], filed.status_code) == ("eve@example.com", 201)
    assert SCRIPT not in mail.as_string()
    # A robot that answered would be answered by ours.
    assert mail["Auto-Submitted"] == "auto-generated"
    # The answer holds no link: the address has to be one's own.
    assert "support/requests" not in filed.content.decode()
    page = client.get(link_in(mail))
    assert page.status_code == 200
    assert SCRIPT not in page.content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.content.decode()
    # The address is the permission: it must not travel to other sites.
    assert page["Referrer-Policy"] == "same-origin"
    assert "form-action 'self'" in page["Content-Security-Policy"]

    request = SupportRequest.objects.get()
    committed(lambda: services.answer(staff=staff, request=request, text="Try again"))
    services.add_note(staff=staff, request=request, text="Looks odd")
    assert mailbox.mails[-1]["Subject"] == f"An answer to your support request #{request.pk}"
    page = client.get(link_in(mailbox.mails[-1])).content.decode()
    assert "Try again" in page
    assert "Looks odd" not in page
    # What staff are called is their own.
    assert staff.name not in page


def test_writing_under_the_link(client: Client, staff: User, anonymous_ticket: SupportRequest) -> None:
    services.answer(staff=staff, request=anonymous_ticket, text="Try again")
    path = f"/support/requests/{services.follow_token(anonymous_ticket)}"
    for text in ("", "  ", "\u200b", "a" * 10_001):
        assert client.post(path, {"text": text}).status_code == 422
    assert SupportMessage.objects.count() == 2
    assert client.post(path, {"text": "It works"}).status_code == 302
    message = SupportMessage.objects.last()
    assert (message.text, message.kind, message.author) == ("It works", "question", None)
    anonymous_ticket.refresh_from_db()
    assert anonymous_ticket.get_status_display() == "Unread"
    services.set_status(user=staff, request_id=anonymous_ticket.pk, status=2)
    assert client.post(path, {"text": "Not quite"}).status_code == 302
    anonymous_ticket.refresh_from_db()
    assert anonymous_ticket.get_status_display() == "Open"


def test_a_link_of_another_kind_leads_nowhere(client: Client, anonymous_ticket: SupportRequest) -> None:
    token = services.follow_token(anonymous_ticket)
    for forged in ("x", token[:-1], f"{anonymous_ticket.pk}"):
        assert client.get(f"/support/requests/{forged}").status_code == 404
        assert client.post(f"/support/requests/{forged}", {"text": "Hi"}).status_code == 404
    SupportRequest.objects.update(email="moved@example.com")
    assert client.get(f"/support/requests/{token}").status_code == 404
    assert SupportMessage.objects.count() == 1


def test_a_form_of_another_site_is_refused(anonymous_ticket: SupportRequest) -> None:
    careful = Client(enforce_csrf_checks=True)
    path = f"/support/requests/{services.follow_token(anonymous_ticket)}"
    assert careful.post(path, {"text": "Hi"}).status_code == 403
    assert SupportMessage.objects.count() == 1


def test_answers_are_mailed_once_per_quiet_period(
    staff: User, ticket: SupportRequest, mailbox: Mailbox, committed: Callable[..., Any]
) -> None:
    for _ in range(2):
        committed(lambda: services.answer(staff=staff, request=ticket, text="Hello"))
    assert [mail["To"] for mail in mailbox.mails] == ["author@example.com"]
    cache.delete(f"notice:support:{ticket.pk}")
    committed(lambda: services.answer(staff=staff, request=ticket, text="Hello"))
    assert len(mailbox.mails) == 2


def test_staff_are_told_of_new_requests_once(
    author: User, settings: Any, mailbox: Mailbox, committed: Callable[..., Any]
) -> None:
    settings.SUPPORT_EMAIL = "help@studio.example"
    cache.delete("notice:support:new")
    for _ in range(2):
        committed(lambda: services.file_request(user=author, text=SCRIPT, subject=1, about={}))
    told = [mail["To"] for mail in mailbox.mails]
    assert sorted(told) == ["author@example.com", "author@example.com", "help@studio.example"]
