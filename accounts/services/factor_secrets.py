"""The second factors' secrets as the database has them: encrypted with a key that comes from ``SECRET_KEY``."""

from __future__ import annotations

import base64
import logging

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from config.api.errors import DomainError

logger = logging.getLogger(__name__)

_PREFIX = "fernet:"
"""Tells what is encrypted from secrets that were stored before they were."""
_SECRETS = ("secret", "seed")
"""Of an authenticator app, and of recovery codes."""


class MFAAdapter(DefaultMFAAdapter):
    """``MFA_ADAPTER``."""

    def encrypt(self, text: str) -> str:
        return _PREFIX + _keys().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        if not encrypted_text.startswith(_PREFIX):
            return encrypted_text
        try:
            return _keys().decrypt(encrypted_text.removeprefix(_PREFIX).encode()).decode()
        except InvalidToken as error:
            logger.error("A second factor was encrypted with a key that is neither SECRET_KEY nor a fallback of it")
            raise DomainError("second_factor_unreadable", "This second factor must be set up anew", 503) from error

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """The site as authenticators show it, instead of its bare host name."""
        return {**super().get_public_key_credential_rp_entity(), "name": self.get_totp_issuer()}


@transaction.atomic
def encrypt_anew() -> int:
    """Encrypt every secret with the present key: those in clear text, and those of former keys. Answers how many."""
    adapter = MFAAdapter()
    changed = 0
    for authenticator in Authenticator.objects.select_for_update().exclude(type=Authenticator.Type.WEBAUTHN):
        secrets = {name: authenticator.data[name] for name in _SECRETS if name in authenticator.data}
        authenticator.data |= {name: adapter.encrypt(adapter.decrypt(secret)) for name, secret in secrets.items()}
        authenticator.save(update_fields=["data"])
        changed += len(secrets)
    return changed


def _keys() -> MultiFernet:
    """Encrypts with the present key, decrypts with it or a former one."""
    return MultiFernet([Fernet(_derive(key)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _derive(secret_key: str) -> bytes:
    digest = salted_hmac("accounts.factor_secrets", "", secret=secret_key, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest)
