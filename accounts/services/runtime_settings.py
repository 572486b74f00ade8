"""Staff change what may be changed while the product runs."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.services.audit import record
from config.api.errors import Conflict, NotFound
from config.api.why import check_reason
from tenants.models import RuntimeChange
from tenants.runtime import forget_kept, runtime_settings


def change_setting(*, staff: User, name: str, value: int | bool | None, reason: str, seen: int) -> RuntimeChange:
    """Put a setting at a value, or back to its default (None).

    seen: the number of the newest change that whoever asks has seen (0: none). Raises NotFound, ValidationFailed, and
    Conflict where somebody else changed it since.
    """
    reason = check_reason(reason)
    if name not in runtime_settings:
        raise NotFound("There is no such setting")
    after = None if value is None else runtime_settings[name].clean(value)
    try:
        with transaction.atomic():
            newest = RuntimeChange.objects.filter(name=name).order_by("-number").first()
            if (newest.number if newest else 0) != seen:
                raise Conflict("Somebody else has changed this meanwhile: look at its history below, then decide.")
            before = newest.after if newest else None
            change = RuntimeChange.objects.create(
                name=name, number=seen + 1, before=before, after=after, reason=reason, by_id=staff.pk
            )
            record("setting.changed", actor=staff, setting=name, before=before, after=after, reason=reason)
            transaction.on_commit(forget_kept)
    except IntegrityError as error:
        raise Conflict("Somebody else has changed this meanwhile: look at its history below, then decide.") from error
    return change
