"""Proof that an address is its user's."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils import timezone

from accounts.hooks import user_verified
from accounts.models import User
from accounts.services.allowances import may_mail_link
from accounts.services.audit import record
from accounts.services.names import shown_name
from config.api.errors import ValidationFailed
from config.platform.background import enqueue
from config.platform.mail import send_mail

_signer = signing.TimestampSigner(salt="accounts.verification")


def verification_hash(user: User) -> str:
    """Good for this user at this address, for ``EMAIL_VERIFICATION_SECONDS``."""
    return _signer.sign_object([user.pk, user.email])


def ask_for_verification(*, user: User) -> None:
    if user.email_verified_at is None:
        enqueue(mail_verification, user.pk)


def mail_verification(user_id: int) -> None:
    user = User.objects.get(pk=user_id)
    if user.email_verified_at is not None or not user.is_active or not may_mail_link(user.email):
        return
    query = urlencode({"id": user.pk, "hash": verification_hash(user)})
    send_mail(
        to=user.email,
        subject="Confirm your address",
        template="verify_email",
        context={"name": shown_name(user.name), "link": f"{settings.PUBLIC_URL}/verify-email?{query}"},
    )


def verify_email(*, user_id: int, hash: str) -> User:
    """Mark the address as verified; doing it twice is no error."""
    refused = ValidationFailed({"hash": ["This verification link is invalid or has expired."]})
    try:
        signed_id, email = _signer.unsign_object(hash, max_age=settings.EMAIL_VERIFICATION_SECONDS)
    except (signing.BadSignature, ValueError) as error:
        raise refused from error
    user = User.objects.filter(pk=user_id, email=email, is_active=True).first()
    if user is None or signed_id != user_id:
        raise refused
    unproven = User.objects.filter(pk=user.pk, email=email, is_active=True, email_verified_at=None)
    with transaction.atomic():
        if unproven.update(email_verified_at=timezone.now()):
            record("email.verified", actor=user)
            user.refresh_from_db()
            user_verified(user)
    return user
