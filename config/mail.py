"""Mails: a text and an HTML part from ``templates/mail``. Called by queue tasks, never by a request."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string


def send_mail(*, to: str, subject: str, template: str, context: dict[str, Any]) -> None:
    """Send ``mail/{template}.txt`` and ``.html``. Raises what the mail server raises, for the queue to try again."""
    # A name that a user chose may stand in the subject; a line break there would begin a header.
    line = " ".join(subject.split())
    shown = {**context, "subject": line, "product": "Mage AI Studio", "public_url": settings.PUBLIC_URL}
    # Robots that answer mails leave those alone that say so.
    robot = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    message = EmailMultiAlternatives(line, render_to_string(f"mail/{template}.txt", shown), to=[to], headers=robot)
    message.attach_alternative(render_to_string(f"mail/{template}.html", shown), "text/html")
    message.send()
