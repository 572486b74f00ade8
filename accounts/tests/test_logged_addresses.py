"""Whose password was forgotten is told to nobody who reads a log, not even when the mail can't be sent."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.mailbox import Mailbox
from tests.worker import WorkerProcess


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("refusals", [0, 1, 2])
def test_a_forgotten_password_leaves_no_address_in_the_log(
    mailbox: Mailbox, user: User, anonymous: APIClient, settings: Any, refusals: int
) -> None:
    mailbox.refusals, mailbox.refuses_recipients = refusals, refusals == 2
    assert anonymous.post("/api/auth/forgot-password", {"email": user.email}).status_code == 200
    environment = {"EMAIL_URL": f"smtp://127.0.0.1:{settings.EMAIL_PORT}"}
    with WorkerProcess("--burst", command="background_worker", environment=environment) as worker:
        worker.until("mail_password_reset")
        worker.wait()
    log = "\n".join(worker.lines)
    assert user.email not in log
    assert len(mailbox.mails) == (not refusals)
    assert ("MailRefused" in log) == bool(refusals), log
