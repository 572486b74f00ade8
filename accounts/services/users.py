"""Users: register, log in."""

from __future__ import annotations

import functools

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import IntegrityError, transaction

from accounts.hooks import user_created
from accounts.models import User, normalise_email
from accounts.services.addresses import check_address
from accounts.services.audit import Device, record
from accounts.services.lockout import claim_attempt, forgive
from accounts.services.passwords import check_new_password
from accounts.services.profiles import EMAIL_TAKEN
from accounts.services.sessions import Tokens, open_session
from accounts.services.verification import ask_for_verification
from config.api.errors import DomainError, ValidationFailed
from tenants import runtime
from tenants.models import Tenant
from tenants.services import create_tenant


def register(
    *, email: str, password: str, device: Device, name: str = "", first_name: str = "", last_name: str = ""
) -> tuple[User, Tokens]:
    """A new user with a tenant and a credit wallet of their own, logged in."""
    check_new_address(email)
    user, tokens = create_account(
        email=email, password=password, device=device, name=name, first_name=first_name, last_name=last_name
    )
    ask_for_verification(user=user)
    return user, tokens


def check_new_address(email: str, user: User | None = None) -> None:
    """Raises ValidationFailed for an address that may not register, or that somebody else has."""
    address = normalise_email(email)
    if user is not None and address == user.email:
        return
    check_address(address)
    if User.objects.filter(email=address).exists():
        raise ValidationFailed({"email": [EMAIL_TAKEN]})


def create_account(
    *,
    email: str,
    password: str | None,
    device: Device,
    name: str = "",
    tenant: Tenant | None = None,
    hashed: str = "",
    **fields: object,
) -> tuple[User, Tokens]:
    """A user with a credit wallet, logged in; in a new tenant unless one is given. None: no password works.

    hashed: of the password, checked and hashed before by whoever calls within a transaction.
    """
    if tenant is None:
        # Whoever is invited comes in all the same.
        runtime.require("REGISTRATION_OPEN")
    name = name or normalise_email(email).split("@")[0]
    if password is not None and not hashed:
        hashed = hash_new_password(password, User(email=normalise_email(email), name=name))
    try:
        with transaction.atomic():
            # The address first: a taken one costs no tenant, and the constraint settles two at once.
            _ensure_free(email)
            user = User.objects.create_user(
                email=email,
                password=password,
                hashed=hashed,
                tenant=tenant or create_tenant(name=name),
                name=name,
                **fields,
            )
            user_created(user)
            record("user.registered", actor=user)
            return user, open_session(user=user, device=device)
    except IntegrityError as error:
        raise ValidationFailed({"email": [EMAIL_TAKEN]}) from error


def hash_new_password(password: str, user: User) -> str:
    """The hash of a password that may be the new user's. Raises ValidationFailed, also when the address is taken."""
    check_new_password(password, user)
    # A taken address costs no hash.
    _ensure_free(user.email)
    return make_password(password)


def _ensure_free(email: str) -> None:
    if User.objects.filter(email=normalise_email(email)).exists():
        raise ValidationFailed({"email": [EMAIL_TAKEN]})


def authenticate(*, email: str, password: str, device: Device) -> User:
    """Whose address and password these are. Raises a 429 while the account is locked.

    An unknown address and a wrong password get the same 401 in the same time.
    """
    claim_attempt(account=email, address=device.address)
    user = User.objects.select_related("tenant").filter(email=normalise_email(email)).first()
    if user is None:
        # Hash as often as for a known address, so that timing doesn't tell who has an account.
        check_password(password, _decoy_hash(settings.PASSWORD_HASHERS[0]))
    elif user.check_password(password) and user.is_active:
        forgive(account=email, address=device.address)
        record("login", actor=user)
        return user
    record("login.failed", subject=user, email=email[:255])
    raise DomainError("invalid_credentials", "Incorrect email or password.", status=401)


def ensure_administrator(*, email: str, password: str) -> tuple[User, bool]:
    """The staff login that ``serve`` promises; answers the user and whether it was created just now."""
    user = User.objects.filter(email=normalise_email(email)).first()
    if user is not None:
        return user, False
    hashed = make_password(password)
    with transaction.atomic():
        user = User.objects.create_user(
            email=email,
            password=password,
            hashed=hashed,
            tenant=create_tenant(name="staff"),
            name=email.split("@")[0],
            role=User.Role.SUPER_ADMINISTRATOR,
        )
        user_created(user)
    return user, True


@functools.cache
def _decoy_hash(hasher: str) -> str:
    """A hash that takes as long to check as that of somebody who has an account."""
    return make_password("no account has this password")
