"""Queue entry points: ids only, the rows tell the rest."""

from __future__ import annotations

from accounts.services import passwords, verification


def mail_password_reset(email: str) -> None:
    passwords.mail_password_reset(email=email)


def mail_verification(user_id: int) -> None:
    verification.mail_verification(user_id=user_id)
