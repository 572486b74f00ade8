"""Which mail addresses may register: checks that an installation can extend."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings

from accounts.hooks import address_complaint
from accounts.models import normalise_email
from config.api.errors import ValidationFailed


def check_address(email: str) -> None:
    """Raises ValidationFailed with the first complaint of what is plugged in (``EMAIL_CHECKS``)."""
    for complaint in address_complaint(normalise_email(email)).values():
        if complaint:
            raise ValidationFailed({"email": [complaint]})


def not_disposable(address: str) -> str | None:
    """Refuse the domains, and their subdomains, that ``DISPOSABLE_DOMAINS_FILE`` lists one per line."""
    if not settings.DISPOSABLE_DOMAINS_FILE:
        return None
    labels = address.rpartition("@")[2].split(".")
    listed = _domains(settings.DISPOSABLE_DOMAINS_FILE)
    if any(".".join(labels[start:]) in listed for start in range(len(labels))):
        return "Disposable addresses can't be used here."
    return None


@cache
def _domains(path: str) -> frozenset[str]:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip().lower() for line in lines if line.strip() and not line.startswith("#"))
