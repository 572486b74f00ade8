"""How large a body each address takes, and who may send a large one."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken

from studio.services.upload_targets import TOKEN_SALT

UPLOAD = "/api/upload"
# Their address is a signed permission of its own.
ANNOUNCED = "/uploads/"


class BodyLimits:
    def of(self, method: str, path: str) -> int:
        """Bytes."""
        fields: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if path == UPLOAD:
            return fields + settings.MAX_ATTACHMENT_BYTES + settings.MAX_SOUNDTRACK_BYTES
        return settings.MAX_UPLOAD_BYTES if path.startswith(ANNOUNCED) else fields

    def refuse_unread(self, method: str, path: str, authorization: str) -> bool:
        """Whether an upload comes from somebody whom nobody gave a token."""
        if path.startswith(ANNOUNCED):
            return not _is_signed(path.removeprefix(ANNOUNCED))
        if path != UPLOAD:
            return False
        scheme, _, token = authorization.partition(" ")
        try:
            AccessToken(token.strip())
        except TokenError:
            return True
        return scheme.lower() != "bearer"


def _is_signed(token: str) -> bool:
    try:
        signing.loads(token, salt=TOKEN_SALT)
    except signing.BadSignature:
        return False
    return True
