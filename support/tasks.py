"""Queue entry points: ids only, the rows tell the rest."""

from __future__ import annotations

from support.services import notices


def mail_filed(request_id: int) -> None:
    notices.mail_filed(request_id=request_id)


def mail_answered(request_id: int) -> None:
    notices.mail_answered(request_id=request_id)
