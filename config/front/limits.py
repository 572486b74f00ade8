"""How large a body each address takes, and who may send a large one."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken

from config.front.bodies import IN_MEMORY_BYTES
from studio.services.files.upload_targets import TOKEN_SALT

UPLOAD = "/api/upload"
# Their address is a signed permission of its own.
ANNOUNCED = "/uploads/"


@dataclass(frozen=True)
class Allowance:
    """What a request may send: so many bytes.

    For more there is a 413, or, where ``unread``, whatever Django answers without having been shown the body: whoever
    sends it can't be allowed to. ``needs_length``: Django is told of no length that was not announced.
    """

    limit: int
    unread: bool = False
    needs_length: bool = False


def allowance(path: str, authorization: str) -> Allowance:
    """authorization: the header of that name."""
    fields: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if path.startswith(ANNOUNCED):
        known = _is_signed(path.removeprefix(ANNOUNCED))
        return Allowance(settings.MAX_UPLOAD_BYTES if known else IN_MEMORY_BYTES, unread=not known, needs_length=True)
    if path != UPLOAD:
        return Allowance(fields)
    if not _is_token(authorization):
        return Allowance(IN_MEMORY_BYTES, unread=True)
    return Allowance(fields + settings.MAX_ATTACHMENT_BYTES + settings.MAX_SOUNDTRACK_BYTES)


def _is_token(authorization: str) -> bool:
    scheme, _, token = authorization.partition(" ")
    try:
        AccessToken(token.strip())
    except TokenError:
        return False
    return scheme.lower() == "bearer"


def _is_signed(token: str) -> bool:
    try:
        signing.loads(token, salt=TOKEN_SALT)
    except signing.BadSignature:
        return False
    return True
