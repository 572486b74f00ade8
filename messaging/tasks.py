"""Queue entry points: ids only, the rows tell the rest."""

from __future__ import annotations

from messaging.services import notices


def mail_unread(user_id: int) -> None:
    notices.mail_unread(user_id=user_id)
