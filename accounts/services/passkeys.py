"""Passkeys (WebAuthn): keys that a phone, a computer or a security key keeps, and uses for this site alone.

One is a whole login. Having it is the first factor; opening it by finger, face or PIN the second, and every use here
requires that. allauth.mfa stores them, fido2 verifies what they sign. A ceremony begins with a challenge in a signed
``state``, which is good for one person, one purpose, some minutes and one use.
"""

from __future__ import annotations

import json
import struct
from typing import TypedDict, TypeVar

from allauth.account.utils import url_str_to_user_pk
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.webauthn.internal import auth as webauthn
from django.core import signing
from django.db import transaction
from django.db.models import QuerySet
from fido2.webauthn import (
    AuthenticationResponse,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts.models import User
from accounts.services import second_factor
from accounts.services.audit import record
from accounts.services.lockout import claim_attempt, forgive
from accounts.services.profiles import lock_user
from config.api.errors import DomainError, NotFound, ValidationFailed
from config.platform.cache import durable

CHALLENGE_SECONDS = 300
"""Between asking the browser for a passkey and having its answer."""
MAX_PASSKEYS = 20
MAX_CREDENTIAL_LENGTH = 16_384
"""An answer has some hundred bytes; with an attestation some thousand."""

_signer = signing.TimestampSigner(salt="accounts.passkeys")
_OPENED = UserVerificationRequirement.REQUIRED
# What fido2 raises for answers that are none.
_MALFORMED = (ValueError, TypeError, LookupError, AttributeError, struct.error, RecursionError)

_Answer = TypeVar("_Answer", RegistrationResponse, AuthenticationResponse)


class Ceremony(TypedDict):
    """``options`` are for the browser, ``state`` comes back with what the browser answers."""

    options: dict[str, object]
    state: str


def passkeys_of(user: User) -> QuerySet[Authenticator]:
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).order_by("pk")


def begin_adding(*, user: User) -> Ceremony:
    """Have the browser make a passkey. The caller has made sure that it is the user who asks."""
    _refuse_more(user)
    options, state = webauthn.get_server().register_begin(
        user=webauthn.build_user_payload(user),
        credentials=webauthn.get_credentials(user),
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=_OPENED,
    )
    return {"options": dict(options), "state": _sign(f"add:{user.pk}", state)}


def _refuse_more(user: User) -> None:
    if passkeys_of(user).count() >= MAX_PASSKEYS:
        raise DomainError("too_many_passkeys", f"More than {MAX_PASSKEYS} passkeys are not kept: remove one first")


def add(*, user: User, name: str, state: str, credential: str) -> list[str]:
    """Keep the passkey that the browser made. Answers recovery codes, if these are the user's first."""
    challenge = _claim(f"add:{user.pk}", state)
    try:
        answer = _parse(RegistrationResponse, credential)
        if answer.response.attestation_object.auth_data.credential_data is None:
            raise ValueError("There is no key in it")
        webauthn.get_server().register_complete(challenge, answer)
    except _MALFORMED as error:
        raise _refused() from error
    codes: list[str] = []
    with transaction.atomic():
        lock_user(user.pk)
        _refuse_more(user)
        first = not second_factor.is_enabled(user)
        # What it says about extensions is not needed and may be anything.
        webauthn.WebAuthn.add(user, name, {**dict(answer), "clientExtensionResults": {}})
        if first:
            codes = RecoveryCodes.activate(user).generate_codes()
        record("passkey.added", actor=user, name=name)
    return codes


def rename(*, user: User, passkey_id: int, name: str) -> None:
    with transaction.atomic():
        passkey = _find(user, passkey_id)
        before, passkey.data["name"] = passkey.data["name"], name
        passkey.save(update_fields=["data"])
        record("passkey.renamed", actor=user, before=before, name=name)


def remove(*, user: User, passkey_id: int) -> None:
    """Forget a passkey. The caller has made sure that it is the user who asks."""
    with transaction.atomic():
        lock_user(user.pk)
        passkey = _find(user, passkey_id)
        passkey.delete()
        second_factor.drop_idle_recovery_codes(user=user)
        record("passkey.removed", actor=user, name=passkey.data["name"])


def begin_login() -> Ceremony:
    """Have the browser offer the passkeys that it knows for this site; whose they are is told by the answer."""
    options, state = webauthn.get_server().authenticate_begin(user_verification=_OPENED)
    return {"options": dict(options), "state": _sign("login", state)}


def identify(*, state: str, credential: str, address: str | None) -> User:
    """Whose passkey answered. Raises ValidationFailed, or TooManyRequests while locked."""
    user = None
    try:
        answer = _parse(AuthenticationResponse, credential)
        user = _owner(answer)
    except _MALFORMED:
        answer = None
    guard = f"passkeys of {user.pk if user else 'nobody'}"
    claim_attempt(account=guard, address=address)
    try:
        challenge = _claim("login", state)
        if answer is None or user is None:
            raise ValueError("Nobody's passkey")
        key = webauthn.get_server().authenticate_complete(challenge, webauthn.get_credentials(user), answer)
        webauthn.get_authenticator_by_credential_id(user, key.credential_id).record_usage()
    except (ValidationFailed, *_MALFORMED) as error:
        record("second_factor.failed", subject=user, passkey=True)
        raise _refused() from error
    forgive(account=guard, address=address)
    return user


def _owner(answer: AuthenticationResponse) -> User | None:
    pk = url_str_to_user_pk((answer.response.user_handle or b"").decode())
    return User.objects.filter(pk=pk, is_active=True).first()


def _find(user: User, passkey_id: int) -> Authenticator:
    found = passkeys_of(user).select_for_update().filter(pk=passkey_id).first()
    if found is None:
        raise NotFound("Passkey not found")
    return found


def _sign(purpose: str, state: dict[str, object]) -> str:
    return _signer.sign_object([purpose, state["challenge"]])


def _claim(purpose: str, state: str) -> dict[str, object]:
    """The state that fido2 made, once."""
    try:
        meant, challenge = _signer.unsign_object(state, max_age=CHALLENGE_SECONDS)
    except (signing.BadSignature, ValueError) as error:
        raise _refused() from error
    if meant != purpose or not durable.add(f"passkeys:used:{challenge}", True, CHALLENGE_SECONDS):
        raise _refused()
    return {"challenge": challenge, "user_verification": _OPENED}


def _parse(kind: type[_Answer], credential: str) -> _Answer:
    if len(credential) > MAX_CREDENTIAL_LENGTH:
        raise ValueError("Too long")
    return kind.from_dict(json.loads(credential))


def _refused() -> ValidationFailed:
    return ValidationFailed({"passkey": ["This passkey was not accepted: try again."]})
