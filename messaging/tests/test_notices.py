"""Who is away is told by mail, once, and learns nothing from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache

from accounts.models import LoginSession, User
from accounts.services import Device, open_session
from accounts.tests.mailbox import Mailbox, work
from messaging.models import Chat
from messaging.services import mark_read, open_chat, send_message
from messaging.services.messages import Attachment

pytestmark = pytest.mark.django_db

Capture = Callable[..., Any]


@pytest.fixture
def write(django_capture_on_commit_callbacks: Capture) -> Callable[[Chat, User], None]:
    def write(chat: Chat, author: User) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            send_message(user=author, chat_id=chat.pk, text="The secret is 42", attachment=Attachment())
        work()

    return write


def test_one_mail_per_quiet_period_whoever_writes(
    alice: User, bob: User, mallory: User, chat: Chat, mailbox: Mailbox, write: Callable[..., None]
) -> None:
    User.objects.filter(pk=alice.pk).update(name="Alice\r\nBcc: all@example.com")
    write(chat, alice)
    (mail,) = mailbox.mails
    assert (mail["To"], mail["Bcc"]) == ("bob@example.com", None)
    assert mail["Subject"] == "Alice Bcc: all@example.com wrote to you"
    assert "secret" not in mail.as_string()
    write(chat, alice)
    write(open_chat(user=mallory, recipient_id=bob.pk), mallory)
    assert len(mailbox.mails) == 1
    # The quiet period is over.
    cache.delete(f"notice:messages:{bob.pk}")
    write(chat, alice)
    assert len(mailbox.mails) == 2


def test_who_is_here_gets_none(
    alice: User, bob: User, chat: Chat, mailbox: Mailbox, write: Callable[..., None]
) -> None:
    open_session(user=bob, device=Device())
    write(chat, alice)
    assert mailbox.mails == []
    LoginSession.objects.filter(user=bob).update(last_seen_at="2026-01-01T00:00Z")
    write(chat, alice)
    assert len(mailbox.mails) == 1


def test_what_was_read_meanwhile_is_no_news(
    alice: User, bob: User, chat: Chat, mailbox: Mailbox, django_capture_on_commit_callbacks: Capture
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        send_message(user=alice, chat_id=chat.pk, text="Hi", attachment=Attachment())
    mark_read(user=bob, chat_id=chat.pk)
    work()
    assert mailbox.mails == []


def test_a_mail_that_was_not_taken_is_no_mail(
    alice: User, bob: User, chat: Chat, mailbox: Mailbox, write: Callable[..., None]
) -> None:
    mailbox.refusals = 1
    write(chat, alice)
    assert mailbox.mails == []
    write(chat, alice)
    assert len(mailbox.mails) == 1
