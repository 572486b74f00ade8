"""Which mail addresses may register: a chain of checks that an installation can extend."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import normalise_email
from config.api.errors import ValidationFailed


def check_address(email: str) -> None:
    """Ask every check of ``EMAIL_CHECKS``: functions that take an address and answer a complaint, or None."""
    address = normalise_email(email)
    for path in settings.EMAIL_CHECKS:
        if complaint := import_string(path)(address):
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
