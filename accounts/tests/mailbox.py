"""A mail server that keeps what it is sent, and the queue's worker in this process."""

from __future__ import annotations

import re
import socket
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from urllib.parse import parse_qsl, urlsplit

import django_rq
from aiosmtpd.controller import Controller
from django.conf import settings
from rq import SimpleWorker

from config.platform.redis_link import waiting_client


class Mailbox:
    """An SMTP server on a free port; ``refusals`` counts down the mails that it turns away first."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        """Everybody to whom a mail really went, whatever its headers say."""
        self.refusals = 0
        self.refuses_recipients = False
        self._controller = Controller(self, hostname="127.0.0.1", port=0)

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:
        if self.refuses_recipients:
            return f"550 {address} is unknown here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:
        if self.refusals:
            self.refusals -= 1
            return "451 Come back later"
        mail = message_from_bytes(envelope.content, _class=EmailMessage, policy=default)
        self.mails.append(mail)
        self.recipients += envelope.rcpt_tos
        return "250 Kept"

    def start(self) -> int:
        """The port."""
        # The controller knocks at the port it was told, so it has to be a real one.
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._controller.port = probe.getsockname()[1]
        self._controller.start()
        return self._controller.port

    def stop(self) -> None:
        self._controller.stop()

    def link(self) -> dict[str, str]:
        """The query of the link in the last mail's text."""
        text = self.mails[-1].get_body(("plain",)).get_content()
        return dict(parse_qsl(urlsplit(re.search(r"https?://\S+\?\S+", text).group()).query))


def work() -> None:
    """Do everything that waits in the background queue."""
    queue = django_rq.get_queue(settings.BACKGROUND_QUEUE, connection=waiting_client())
    worker = SimpleWorker([queue], connection=queue.connection)
    worker.work(burst=True, logging_level="ERROR")
