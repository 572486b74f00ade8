"""Forgotten passwords, unproven addresses, and the mails about both."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import django_rq
import pytest
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from accounts.services.verification import verification_hash
from accounts.tests.mailbox import Mailbox, work
from config.platform.mail import send_mail
from tests.fixtures import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

NEW = "a quite different sentence"


def reset_body(user: User, **changes: Any) -> dict[str, Any]:
    body = {"email": user.email, "token": default_token_generator.make_token(user)}
    return {**body, "password": NEW, "password_confirmation": NEW, **changes}


@pytest.mark.parametrize(
    ("forgot", "reset"),
    [("/api/auth/forgot-password", "/api/auth/reset-password"), ("/api/v2/password-forgot", "/api/v2/password-reset")],
)
def test_a_forgotten_password_from_mail_to_login(
    forgot: str,
    reset: str,
    mailbox: Mailbox,
    user: User,
    api: APIClient,
    anonymous: APIClient,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert anonymous.post(forgot, {"email": user.email.upper()}).status_code == 200
    assert mailbox.mails == [], "the request itself sends nothing"
    work()
    [mail] = mailbox.mails
    assert mail["To"] == user.email
    assert {part.get_content_type() for part in mail.walk()} >= {"text/plain", "text/html"}

    body = {**mailbox.link(), "password": NEW, "password_confirmation": NEW}
    assert anonymous.post(reset, body).status_code == 200
    assert api.get("/api/me").status_code == 401, "the reset ends every session"
    assert anonymous.post("/api/login", {"email": user.email, "password": NEW}).status_code == 200
    again = anonymous.post(reset, {**body, "password": PASSWORD, "password_confirmation": PASSWORD})
    assert (again.status_code, list(again.json()["data"])) == (422, ["token"])
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert user.email_verified_at is not None
    assert AuditEntry.objects.filter(event="password.reset", subject=user).count() == 1


def test_bad_resets_change_nothing(user: User, make_user: UserFactory, anonymous: APIClient) -> None:
    other = make_user()
    bodies = [
        reset_body(user, token="nonsense"),
        reset_body(user, email=other.email),
        reset_body(user, email="nobody@example.com"),
        reset_body(user, password="password", password_confirmation="password"),
        reset_body(user, password_confirmation="mismatch here"),
        reset_body(user, token="t" * 10_000),
    ]
    for body in bodies:
        assert anonymous.post("/api/auth/reset-password", body).status_code == 422, body
    unknown, foreign = (anonymous.post("/api/auth/reset-password", body).json() for body in (bodies[2], bodies[1]))
    assert unknown == foreign
    for someone in (user, other):
        someone.refresh_from_db()
        assert someone.check_password(PASSWORD)


def test_an_expired_token_is_refused(user: User, anonymous: APIClient, settings: Any) -> None:
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert anonymous.post("/api/auth/reset-password", reset_body(user)).status_code == 422
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_forgetting_answers_alike_and_mails_owners_alone(
    mailbox: Mailbox, user: User, anonymous: APIClient, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        known = anonymous.post("/api/auth/forgot-password", {"email": user.email})
        unknown = anonymous.post("/api/auth/forgot-password", {"email": "nobody@example.com"})
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
    work()
    assert [mail["To"] for mail in mailbox.mails] == [user.email]


@pytest.mark.usefixtures("real_hashing")
@pytest.mark.parametrize("path", ["/api/auth/forgot-password", "/api/login"])
def test_timing_does_not_tell_who_has_an_account(
    path: str, user: User, make_user: UserFactory, anonymous: APIClient
) -> None:
    """The fastest of many, which a busy machine disturbs least: a password hashed for one side alone is half of it."""

    def spent(email: str) -> float:
        begun = time.process_time()
        anonymous.post(path, {"email": email, "password": "not the password"})
        return time.process_time() - begun

    spent(user.email), spent("warm@example.com")
    pairs = [(spent(make_user().email), spent(f"nobody{number}@example.com")) for number in range(10)]
    mine, nobodys = (min(times) for times in zip(*pairs, strict=True))
    assert abs(mine - nobodys) < max(mine / 2, nobodys / 2, 0.003), (mine, nobodys)


def test_an_address_is_proven_by_the_mail(
    mailbox: Mailbox, anonymous: APIClient, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    body = {"email": "john@example.com", "password": PASSWORD, "password_confirmation": PASSWORD}
    with django_capture_on_commit_callbacks(execute=True):
        assert anonymous.post("/api/auth/register", body).status_code == 200
    work()
    link = mailbox.link()
    assert anonymous.post("/api/auth/verify-email", {**link, "hash": link["hash"] + "x"}).status_code == 422
    assert User.objects.get().email_verified_at is None
    assert anonymous.post("/api/auth/verify-email", link).status_code == 200
    verified_at = User.objects.get().email_verified_at
    assert verified_at is not None
    assert anonymous.post("/api/auth/verify-email", link).status_code == 200
    assert User.objects.get().email_verified_at == verified_at


def test_a_link_proves_its_own_address_alone(user: User, make_user: UserFactory, anonymous: APIClient) -> None:
    other = make_user()
    stale = verification_hash(user)
    User.objects.filter(pk=user.pk).update(email="moved@example.com")
    for user_id, hash in ((user.pk, stale), (other.pk, stale), (user.pk, verification_hash(other)), (10**9, stale)):
        assert anonymous.post("/api/auth/verify-email", {"id": user_id, "hash": hash}).status_code == 422
    assert not User.objects.exclude(email_verified_at=None).exists()


def test_the_pages_behind_the_links(user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    query = {"email": user.email, "token": default_token_generator.make_token(user)}
    page = client.get("/reset-password", query)
    assert user.check_password(PASSWORD)
    assert query["token"] in page.content.decode()
    fields = {**query, "password": NEW, "password_confirmation": NEW}
    assert client.post("/reset-password", fields).status_code == 403, "without the CSRF token"
    fields["csrfmiddlewaretoken"] = page.cookies["csrftoken"].value
    assert client.post("/reset-password", {**fields, "token": "wrong"}).status_code == 422
    assert client.post("/reset-password", fields).status_code == 200
    user.refresh_from_db()
    assert user.check_password(NEW)
    page = client.get("/verify-email", {"id": user.pk, "hash": verification_hash(user)})
    assert "<script" not in page.content.decode()


def test_a_mail_server_that_fails_is_tried_again(
    mailbox: Mailbox, user: User, anonymous: APIClient, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    mailbox.refusals = 1
    with django_capture_on_commit_callbacks(execute=True):
        assert anonymous.post("/api/auth/forgot-password", {"email": user.email}).status_code == 200
    work()
    queue = django_rq.get_queue(settings.BACKGROUND_QUEUE)
    [waiting] = queue.scheduled_job_registry.get_job_ids()
    assert mailbox.mails == []
    queue.scheduled_job_registry.remove(waiting)
    queue.enqueue_job(queue.fetch_job(waiting))
    work()
    assert [mail["To"] for mail in mailbox.mails] == [user.email]


def test_a_name_can_not_add_a_header(mailbox: Mailbox) -> None:
    send_mail(
        to="a@example.com", subject="Hello\nBcc: evil@example.com", template="verify_email", context={"name": "N"}
    )
    [mail] = mailbox.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Hello Bcc: evil@example.com"
