"""Mails that say "there is news", and then keep quiet for a while. Called by queue tasks, never by a request."""

from __future__ import annotations

from django.conf import settings
from django.core.cache import cache

from config.platform.mail import send_mail


def send_notice(topic: str, *, to: str, subject: str, template: str, context: dict[str, object]) -> bool:
    """``send_mail``, at most once per ``NOTICE_QUIET_SECONDS`` and topic; False when it kept quiet."""
    quiet = f"notice:{topic}"
    # Without Redis the mark is not taken either, and a mail too many is better than none.
    if not cache.add(quiet, 1, timeout=settings.NOTICE_QUIET_SECONDS) and cache.has_key(quiet):
        return False
    try:
        send_mail(to=to, subject=subject, template=template, context=context)
    except Exception:
        # The queue tries again, and must not take this attempt for a mail.
        cache.delete(quiet)
        raise
    return True
