"""Queue entry points: ids only, the rows tell the rest."""

from __future__ import annotations

from accounts.services import change_notices, erasure, members, passwords, personal_data, verification


def mail_password_reset(email: str) -> None:
    passwords.mail_password_reset(email=email)


def mail_verification(user_id: int) -> None:
    verification.mail_verification(user_id=user_id)


def mail_invitation(invitation_id: int) -> None:
    members.mail_invitation(invitation_id=invitation_id)


def mail_change(entry_id: int) -> None:
    change_notices.mail_change(entry_id=entry_id)


def export_data(request_id: str) -> None:
    personal_data.export(request_id=request_id)


def mail_export(request_id: str) -> None:
    personal_data.mail_export(request_id=request_id)


def delete_account(request_id: str) -> None:
    erasure.erase(request_id=request_id)
