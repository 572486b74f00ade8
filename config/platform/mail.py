"""Mails: a text and an HTML part from ``templates/mail``. Called by queue tasks, never by a request."""

from __future__ import annotations

from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string


class MailRefused(RuntimeError):
    """The mail server did not take a mail. It says why by its code alone: its words name addresses, and end in logs."""

    def __init__(self, error: SMTPException) -> None:
        codes = [error.smtp_code] if isinstance(error, SMTPResponseException) else []
        if isinstance(error, SMTPRecipientsRefused):
            codes = sorted({code for code, _ in error.recipients.values()})
        super().__init__(f"{type(error).__name__} {', '.join(map(str, codes))}".strip())


def send_mail(*, to: str, subject: str, template: str, context: dict[str, object]) -> None:
    """Send ``mail/{template}.txt`` and ``.html``. Raises MailRefused or OSError, for the queue to try again."""
    # A name that a user chose may stand in the subject; a line break there would begin a header.
    line = " ".join(subject.split())
    shown = {**context, "subject": line, "product": "Mage AI Studio", "public_url": settings.PUBLIC_URL}
    # Robots that answer mails leave those alone that say so.
    robot = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    message = EmailMultiAlternatives(line, render_to_string(f"mail/{template}.txt", shown), to=[to], headers=robot)
    message.attach_alternative(render_to_string(f"mail/{template}.html", shown), "text/html")
    try:
        message.send()
    except SMTPException as error:
        raise MailRefused(error) from None
