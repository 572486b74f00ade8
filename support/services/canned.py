"""The answers that staff keep at hand; who changed one is in the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.services.audit import record
from config.api.errors import ValidationFailed
from support.models import CannedAnswer

_SHOWN = ("title", "text", "enabled")


def keep_canned_answer(*, by: User, changes: Mapping[str, object], answer_id: int | None = None) -> CannedAnswer:
    """A new one, or changes of an old one. Raises ValidationFailed for a title that is taken."""
    try:
        with transaction.atomic():
            row = CannedAnswer() if answer_id is None else CannedAnswer.objects.select_for_update().get(pk=answer_id)
            before = None if answer_id is None else {name: getattr(row, name) for name in _SHOWN}
            for name, value in changes.items():
                setattr(row, name, value)
            if before is None:
                row.save(force_insert=True)
            else:
                row.save(update_fields=[*changes])
            after = {name: getattr(row, name) for name in _SHOWN}
            if after != before:
                record("canned_answer_changed", actor=by, answer_id=row.pk, before=before, after=after)
    except IntegrityError as error:
        raise ValidationFailed({"title": ["There is an answer with this title."]}) from error
    return row
