"""The signed link under which whoever has no account follows a request. It is only ever mailed to its address, so that
holding it proves that the address is one's own."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse

from support.models import SupportRequest

LINK_AGE = timedelta(days=90)
"""From the mail that brought it; every later mail brings a fresh one."""

_SALT = "support.follow"


def follow_link(request: SupportRequest) -> str:
    return settings.PUBLIC_URL + reverse("support-request", args=[follow_token(request)])


def follow_token(request: SupportRequest) -> str:
    return signing.dumps([request.pk, request.email], salt=_SALT)


def followed_request(token: str) -> SupportRequest | None:
    """The request that a link names; None when it is forged, expired, or for an address it no longer has."""
    try:
        pk, email = signing.loads(token, salt=_SALT, max_age=LINK_AGE)
    except signing.BadSignature:
        return None
    return SupportRequest.objects.filter(pk=pk, email=email).first()
