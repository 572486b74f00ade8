"""Changes of a user's own row: only what was asked for is written, to the row as it is now.

Others change the same row at the same time: an owner removes the member, staff take a role away. So the row is locked
before it is judged, hashing is done before that, and no column is written that was not changed.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from accounts.models import LoginSession, User, normalise_email
from accounts.services.addresses import check_address
from accounts.services.audit import record
from accounts.services.authority import check_authority
from accounts.services.change_notices import tell_former_address
from accounts.services.passwords import check_new_password
from accounts.services.reauthentication import prove_identity
from accounts.services.sessions import check_alive, end_other_sessions
from accounts.services.verification import ask_for_verification
from config.api.errors import Conflict, NotFound, ValidationFailed

EMAIL_TAKEN = "The email has already been taken."


def update_profile(
    *, user: User, session: LoginSession | None, changes: dict[str, Any], current_password: str | None = None
) -> User:
    """The own name, names, e-mail or password. The last two ask who it is once the session is some minutes old."""
    if is_sensitive(user, changes):
        since = session.created_at if session else None
        prove_identity(user=user, signed_in_at=since, password=current_password)
    return write_profile(user=user, changes=changes, keep=session)


def change_user_data(
    *,
    staff: User,
    user_id: int,
    changes: dict[str, Any],
    session: LoginSession | None = None,
    current_password: str | None = None,
) -> User:
    """Staff change a user's name or address; their own as everybody does."""
    user = find_user(user_id)
    if user.pk == staff.pk and session is not None:
        return update_profile(user=user, session=session, changes=changes, current_password=current_password)
    check_authority(staff, user)
    before = {field: getattr(user, field) for field in changes}
    user = write_profile(user=user, changes=changes, by=staff)
    record("user.changed", actor=staff, subject=user, before=before, after=changes)
    return user


def is_sensitive(user: User, changes: dict[str, Any]) -> bool:
    """Whether whoever asks for these could keep the owner out."""
    return "password" in changes or normalise_email(changes.get("email", user.email)) != user.email


def write_profile(
    *, user: User, changes: dict[str, Any], keep: LoginSession | None = None, by: User | None = None
) -> User:
    """Write these fields of the user and no other; a new password or address ends all sessions but ``keep``.

    ``password`` is the one to hash; a new address is unverified. ``by``: staff who ask for it. Raises ValidationFailed,
    Unauthenticated once ``keep`` has ended, Forbidden once ``by`` may not, Conflict once the account has ended.
    """
    changes = dict(changes)
    if "email" in changes:
        changes["email"] = normalise_email(changes["email"])
        if changes["email"] != user.email:
            check_address(changes["email"])
    password = changes.pop("password", None)
    if password is not None:
        described = ("email", "name", "first_name", "last_name")
        check_new_password(password, User(**{name: changes.get(name, getattr(user, name)) for name in described}))
        changes["password"] = make_password(password)
    try:
        with transaction.atomic():
            row = lock_user(user.pk)
            if keep is not None:
                check_alive(keep, row)
            if by is not None:
                check_authority(User.objects.get(pk=by.pk), row)
            if not row.is_active and (user.is_active or user.email != row.email):
                raise Conflict("This account has ended meanwhile")
            return _write(row, changes, keep)
    except IntegrityError as error:
        raise ValidationFailed({"email": [EMAIL_TAKEN]}) from error


def lock_user(user_id: int) -> User:
    """The user as the row is now, until the transaction ends. Raises NotFound."""
    # No key: rows that name the user are still written meanwhile.
    found = (
        User.objects.select_for_update(of=("self",), no_key=True).select_related("tenant").filter(pk=user_id).first()
    )
    if found is None:
        raise NotFound("User not found")
    return found


def find_user(user_id: int) -> User:
    user = User.objects.select_related("tenant").filter(pk=user_id).first()
    if user is None:
        raise NotFound("User not found")
    return user


def _write(row: User, changes: dict[str, Any], keep: LoginSession | None) -> User:
    former = row.email
    readdressed = changes.get("email", former) != former
    if readdressed:
        changes["email_verified_at"] = None
    for field, value in changes.items():
        setattr(row, field, value)
    row.save(update_fields=[*changes, "updated_at"])
    if readdressed or "password" in changes:
        end_other_sessions(user=row, keep=keep)
        tell_former_address(user=row, address=former, readdressed=readdressed, password="password" in changes)
    if readdressed:
        ask_for_verification(user=row)
    record("profile.changed", subject=row, fields=sorted(set(changes) - {"email_verified_at"}))
    return row
