"""Users: register, log in, change the profile."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import LoginSession, User, normalise_email
from accounts.services.sessions import Device, Tokens, end_other_sessions, open_session
from commerce.services.wallets import open_credit_wallet
from config.api.errors import DomainError, ValidationFailed
from tenants.services import create_tenant

EMAIL_TAKEN = "The email has already been taken."


def register(
    *, email: str, password: str, device: Device, name: str = "", first_name: str = "", last_name: str = ""
) -> tuple[User, Tokens]:
    """A new user with a tenant and a credit wallet of their own, logged in."""
    name = name or normalise_email(email).split("@")[0]
    check_new_password(password, User(email=email, name=name, first_name=first_name, last_name=last_name))
    try:
        with transaction.atomic():
            # The address first: a taken one costs no tenant, and the constraint settles two at once.
            if User.objects.filter(email=normalise_email(email)).exists():
                raise ValidationFailed({"email": [EMAIL_TAKEN]})
            user = User.objects.create_user(
                email=email,
                password=password,
                tenant=create_tenant(name=name),
                name=name,
                first_name=first_name,
                last_name=last_name,
            )
            open_credit_wallet(user=user)
            return user, open_session(user=user, device=device)
    except IntegrityError as error:
        raise ValidationFailed({"email": [EMAIL_TAKEN]}) from error


def log_in(*, email: str, password: str, device: Device) -> tuple[User, Tokens]:
    """Open a session. An unknown address and a wrong password get the same answer in the same time."""
    user = User.objects.select_related("tenant").filter(email=normalise_email(email)).first()
    if user is None:
        # Hash as often as for a known address, so that timing doesn't tell who has an account.
        check_password(password, _decoy_hash())
    elif user.check_password(password) and user.is_active:
        return user, open_session(user=user, device=device)
    raise DomainError("invalid_credentials", "Incorrect email or password.", status=401)


def update_profile(*, user: User, session: LoginSession | None, changes: dict[str, Any]) -> User:
    """Change name, names, e-mail or password; a new password ends the other sessions, a new e-mail is unverified."""
    changes = dict(changes)
    password = changes.pop("password", None)
    if "email" in changes:
        changes["email"] = normalise_email(changes["email"])
        if changes["email"] != user.email:
            user.email_verified_at = None
    for field, value in changes.items():
        setattr(user, field, value)
    if password is not None:
        check_new_password(password, user)
        user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
            if password is not None:
                end_other_sessions(user=user, keep=session)
    except IntegrityError as error:
        raise ValidationFailed({"email": [EMAIL_TAKEN]}) from error
    return user


def ensure_administrator(*, email: str, password: str) -> tuple[User, bool]:
    """The staff login that ``serve`` promises; answers the user and whether it was created just now."""
    user = User.objects.filter(email=normalise_email(email)).first()
    if user is not None:
        return user, False
    with transaction.atomic():
        user = User.objects.create_user(
            email=email,
            password=password,
            tenant=create_tenant(name="staff"),
            name=email.split("@")[0],
            role=User.Role.SUPER_ADMINISTRATOR,
        )
        open_credit_wallet(user=user)
    return user, True


def check_new_password(password: str, user: User, field: str = "password") -> None:
    """Refuse a weak password, naming the reasons."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationFailed({field: list(error.messages)}) from error


_decoy: str | None = None


def _decoy_hash() -> str:
    global _decoy
    if _decoy is None:
        _decoy = make_password("no account has this password")
    return _decoy
