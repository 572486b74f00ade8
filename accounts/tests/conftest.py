"""What the tests of accounts share."""

from collections.abc import Iterator
from typing import Any

import django_rq
import pytest
from django.conf import settings as django_settings

from accounts.tests.mailbox import Mailbox


@pytest.fixture(autouse=True)
def unthrottled(settings: Any) -> None:
    """Rates are tested with the HTTP layer; here one address makes more requests in a minute than they allow."""
    settings.THROTTLES = {}


@pytest.fixture
def mailbox(db: None, settings: Any) -> Iterator[Mailbox]:
    """A real SMTP server that the product's mails go to, and an empty queue."""
    box = Mailbox()
    settings.EMAIL_PORT = box.start()
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    django_rq.get_queue(django_settings.BACKGROUND_QUEUE).empty()
    yield box
    box.stop()
