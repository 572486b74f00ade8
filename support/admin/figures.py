"""Support on the overview."""

from __future__ import annotations

from django.urls import reverse
from django.utils.timesince import timesince

from config.staff_figures import Figure, Part, Period, StaffFigures, staff_figures
from support.services.figures import Status, desk


def _desk(period: Period) -> Part:
    found = desk()
    waiting = f"{reverse('admin:support_supportrequest_changelist')}?status__in={Status.OPEN},{Status.UNREAD}"
    waits = f"the first for {timesince(found.oldest)}" if found.oldest else ""
    return Part(
        [
            Figure("Open tickets", f"{found.open:,}", f"{waiting},{Status.READ}"),
            Figure(
                "Wait for an answer",
                f"{found.waiting:,}",
                waiting,
                waits,
                alarm=found.waiting > 0,
            ),
        ]
    )


staff_figures.plug("support", StaffFigures("Support", "support.view_supportrequest", _desk, order=50))
