"""What may be done so often in a period, such as invitations by a workspace in a day: counted in rows, none lost."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import Allowance
from config.api.errors import TooManyRequests

BATCH = 1000


def claim_allowance(name: str, *, limit: int, period: timedelta, code: str, message: str) -> None:
    """Use one up. Raises TooManyRequests with the code and message once ``limit`` are used in the period."""
    wait = _claim(name, limit, period)
    if wait is not None:
        raise TooManyRequests(message, code, retry_after=max(math.ceil(wait.total_seconds()), 1))


def try_allowance(name: str, *, limit: int, period: timedelta) -> bool:
    """Use one up, if one is left."""
    return _claim(name, limit, period) is None


def may_mail_link(address: str) -> bool:
    """Whether one more mail with a link goes to the address: who asks for it may be a stranger who floods it."""
    return try_allowance(f"links to {address}", limit=settings.LINK_MAILS_PER_HOUR, period=timedelta(hours=1))


def forget_over(now: datetime) -> int:
    """Remove what is counted of periods that are over, a batch of it; answers how many rows."""
    over = Allowance.objects.filter(expires_at__lt=now).order_by("expires_at").select_for_update(skip_locked=True)
    with transaction.atomic():
        return Allowance.objects.filter(pk__in=[row.pk for row in over[:BATCH]]).delete()[0]


def _claim(name: str, limit: int, period: timedelta) -> timedelta | None:
    """None, or how long until there is one again. A period begins with its first use."""
    now = timezone.now()
    # With our key: an address that was deleted must not be found again by trying addresses.
    key = salted_hmac("accounts.allowances", name, algorithm="sha256").hexdigest()
    with transaction.atomic():
        row, _ = Allowance.objects.select_for_update().get_or_create(key=key, defaults={"since": now})
        if now - row.since >= period:
            row.since, row.used = now, 0
        if row.used >= limit:
            return row.since + period - now
        row.used += 1
        row.expires_at = row.since + period
        row.save(update_fields=["since", "used", "expires_at"])
    return None
