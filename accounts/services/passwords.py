"""Passwords: what is a good one, and what happens when one is forgotten."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.hooks import user_verified
from accounts.models import LoginSession, User, normalise_email
from accounts.services.allowances import may_mail_link
from accounts.services.audit import record
from accounts.services.authority import check_authority
from accounts.services.change_notices import tell_former_address
from accounts.services.names import shown_name
from accounts.services.reauthentication import prove_password
from accounts.services.sessions import end_other_sessions
from config.api.errors import ValidationFailed
from config.platform.background import enqueue
from config.platform.mail import send_mail


def check_new_password(password: str, user: User, field: str = "password") -> None:
    """Refuse a weak password, naming the reasons."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationFailed({field: list(error.messages)}) from error


def forget_password(*, email: str) -> None:
    """Ask for a reset link. Whether there is such an account is looked up by the worker, so the request can't tell."""
    enqueue(mail_password_reset, email)


def mail_password_reset(email: str) -> bool:
    """Mail the link, if the address has an account that may come in; whether it has."""
    user = User.objects.filter(email=normalise_email(email), is_active=True).first()
    if user is None or not may_mail_link(user.email):
        return False
    query = urlencode({"email": user.email, "token": default_token_generator.make_token(user)})
    send_mail(
        to=user.email,
        subject="Choose a new password",
        template="reset_password",
        context={
            "name": shown_name(user.name),
            "minutes": settings.PASSWORD_RESET_TIMEOUT // 60,
            "link": f"{settings.PUBLIC_URL}/reset-password?{query}",
        },
    )
    return True


def reset_password(*, email: str, token: str, password: str) -> User:
    """Set a new password by the token of a reset mail, once; every session ends."""
    check_new_password(password, User(email=email))
    active = User.objects.filter(email=normalise_email(email), is_active=True)
    check_new_password(password, _proven_by(token, active.first(), email))
    hashed = make_password(password)
    with transaction.atomic():
        # Once: another request may have used it since.
        user = _proven_by(token, active.select_for_update().first(), email)
        user.password = hashed
        # Whoever read the mail owns the address.
        newly_verified = user.email_verified_at is None
        user.email_verified_at = user.email_verified_at or timezone.now()
        user.save(update_fields=["password", "email_verified_at", "updated_at"])
        end_other_sessions(user=user)
        record("password.reset", actor=user)
        tell_former_address(user=user, address=user.email, readdressed=False, password=True)
        if newly_verified:
            user_verified(user)
    return user


def _proven_by(token: str, user: User | None, email: str) -> User:
    """The user whose token this is. Raises ValidationFailed."""
    # Somebody who does not exist, so that an unknown address costs as much as a wrong token.
    asked = user or User(pk=0, email=email, password="")
    if not default_token_generator.check_token(asked, token) or user is None:
        raise ValidationFailed({"token": ["This password reset token is invalid or has expired."]})
    return user


def change_password(*, user: User, session: LoginSession | None, current: str, new: str) -> None:
    """Change the own password by naming the present one; the other sessions end."""
    prove_password(user=user, password=current, field="currentPassword")
    check_new_password(new, user, "newPassword")
    proven, hashed = user.password, make_password(new)
    with transaction.atomic():
        # The proof was for the password that was; another one may be in place by now.
        changed = User.objects.filter(pk=user.pk, is_active=True, password=proven)
        if not changed.update(password=hashed, updated_at=timezone.now()):
            raise ValidationFailed({"currentPassword": ["The current password is wrong."]})
        user.password = hashed
        end_other_sessions(user=user, keep=session)
        record("password.changed", actor=user)
        tell_former_address(user=user, address=user.email, readdressed=False, password=True)


def require_reset(*, staff: User, user: User) -> None:
    """Staff sends a user a reset link and ends the user's sessions."""
    check_authority(staff, user)
    with transaction.atomic():
        end_other_sessions(user=user)
        record("password.reset_required", actor=staff, subject=user)
        forget_password(email=user.email)
