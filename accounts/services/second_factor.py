"""The second factor: codes from an authenticator app, recovery codes for the day the phone is lost (allauth.mfa).

Passkeys are the other kind (``passkeys``); both share the recovery codes, which go with the last of them.
"""

from __future__ import annotations

from typing import Annotated, TypedDict

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, validate_totp_code
from django.core import signing
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from accounts.services.audit import Device, record
from accounts.services.authority import check_authority
from accounts.services.lockout import claim_attempt, forgive
from accounts.services.profiles import lock_user
from accounts.services.sessions import Tokens, log_in
from config.api.errors import DomainError, ValidationFailed
from config.platform.cache import durable

CHALLENGE_SECONDS = 300
"""Between the password and the code."""
SETUP_SECONDS = 600
"""Between the secret and the first code from it."""

_signer = signing.TimestampSigner(salt="accounts.second_factor")


def is_enabled(user: User) -> bool:
    """Whether the password alone is not enough."""
    return user.has_second_factor


def has_app(user: User) -> bool:
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()


class SetupRow(TypedDict):
    secret: str
    uri: Annotated[str, "For a QR code."]


def begin(*, user: User) -> SetupRow:
    """A fresh secret for the app, good once a code from it is confirmed."""
    _refuse_enabled(user)
    secret = generate_totp_secret()
    adapter = get_adapter()
    durable.set(_setup_key(user), adapter.encrypt(secret), SETUP_SECONDS)
    return {"secret": secret, "uri": adapter.build_totp_url(user, secret)}


def begun(*, user: User) -> SetupRow | None:
    """What ``begin`` answered, while it can still be confirmed."""
    adapter = get_adapter()
    kept = durable.get(_setup_key(user))
    if kept is None:
        return None
    secret = adapter.decrypt(kept)
    return {"secret": secret, "uri": adapter.build_totp_url(user, secret)}


def confirm(*, user: User, code: str) -> list[str]:
    """Turn it on; answers the recovery codes, each good once."""
    _refuse_enabled(user)
    claim_attempt(account=_guard(user), address=None)
    setup = begun(user=user)
    if setup is None or not validate_totp_code(setup["secret"], code):
        raise _wrong_code()
    forgive(account=_guard(user), address=None)
    with transaction.atomic():
        lock_user(user.pk)
        _refuse_enabled(user)
        TOTP.activate(user, setup["secret"])
        codes = RecoveryCodes.activate(user).get_unused_codes()
        record("second_factor.enabled", actor=user)
    durable.delete(_setup_key(user))
    return codes


def disable(*, user: User, code: str) -> None:
    """Turn the app off, by a code."""
    if not has_app(user):
        raise DomainError("not_enabled", "There is no authenticator app to turn off")
    check_code(user=user, code=code)
    with transaction.atomic():
        lock_user(user.pk)
        Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).delete()
        drop_idle_recovery_codes(user=user)
        record("second_factor.disabled", actor=user)


def renew_recovery_codes(*, user: User) -> list[str]:
    """New recovery codes; the old ones are void."""
    if not is_enabled(user):
        raise DomainError("not_enabled", "Recovery codes come with a passkey or an authenticator app")
    with transaction.atomic():
        lock_user(user.pk)
        _recovery_codes(user).delete()
        codes = RecoveryCodes.activate(user).generate_codes()
        record("second_factor.recovery_codes_renewed", actor=user)
    return codes


def reset(*, staff: User, authenticator: Authenticator) -> None:
    """Staff remove a user's app, passkey or recovery codes, for somebody who has lost them."""
    user, kind = authenticator.user, authenticator.type
    with transaction.atomic():
        check_authority(staff, lock_user(user.pk))
        authenticator.delete()
        drop_idle_recovery_codes(user=user)
        record("second_factor.reset", actor=staff, subject=user, type=kind)


def drop_idle_recovery_codes(*, user: User) -> None:
    """Without a second factor there is nothing to recover."""
    if not is_enabled(user):
        _recovery_codes(user).delete()


class StatusRow(TypedDict):
    enabled: bool
    recovery_codes_left: int


def status(*, user: User) -> StatusRow:
    kept = _recovery_codes(user).first()
    left = app_settings.RECOVERY_CODE_COUNT - kept.data["used_mask"].bit_count() if kept else 0
    return {"enabled": is_enabled(user), "recovery_codes_left": left}


def challenge(*, user: User) -> str:
    """What a login with the right password gets instead of tokens; void after a new password."""
    return _signer.sign_object([user.pk, user.password[-16:]])


def answer_challenge(*, challenge: str, code: str, device: Device) -> tuple[User, Tokens]:
    """Finish the login."""
    refused = DomainError("invalid_challenge", "This login has expired; start again.", status=401)
    try:
        user_id, password = _signer.unsign_object(challenge, max_age=CHALLENGE_SECONDS)
    except (signing.BadSignature, ValueError) as error:
        raise refused from error
    user = User.objects.select_related("tenant").filter(pk=user_id, is_active=True).first()
    if user is None or user.password[-16:] != password:
        raise refused
    check_code(user=user, code=code)
    tokens = log_in(user=user, device=device)
    record("login", actor=user, second_factor=True)
    return user, tokens


def check_code(*, user: User, code: str) -> None:
    """Use up a code of the app or a recovery code. Raises ValidationFailed, or TooManyRequests while locked."""
    claim_attempt(account=_guard(user), address=None)
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
    for authenticator in Authenticator.objects.filter(user=user, type__in=kinds).order_by("-type"):
        if authenticator.wrap().validate_code(code) and _first_use(authenticator, code):
            authenticator.record_usage()
            forgive(account=_guard(user), address=None)
            return
    record("second_factor.failed", subject=user)
    raise _wrong_code()


def _first_use(authenticator: Authenticator, code: str) -> bool:
    """Whether the app's code is used for the first time. allauth forgets it after one step, but clocks have more."""
    if authenticator.type != Authenticator.Type.TOTP:
        return True
    shown = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)
    return durable.add(f"second_factor:{authenticator.user_id}:used:{normalize_user_code(code)}", True, shown)


def _recovery_codes(user: User) -> QuerySet[Authenticator]:
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES)


def _refuse_enabled(user: User) -> None:
    if has_app(user):
        raise DomainError("already_enabled", "The second factor is on already")


def _wrong_code() -> ValidationFailed:
    return ValidationFailed({"code": ["This code is wrong or was used already."]})


def _guard(user: User) -> str:
    return f"second factor of {user.pk}"


def _setup_key(user: User) -> str:
    return f"second_factor:{user.pk}"
