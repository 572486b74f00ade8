"""Moderation on the overview."""

from __future__ import annotations

from django.urls import reverse
from django.utils.timesince import timesince

from config.staff_figures import Figure, Part, Period, StaffFigures, staff_figures
from gallery.services.figures import open_reports


def _reports(period: Period) -> Part:
    found = open_reports()
    waits = f"the first for {timesince(found.oldest)}" if found.oldest else ""
    link = f"{reverse('admin:gallery_galleryreport_changelist')}?resolved_at__isempty=1"
    return Part([Figure("Open reports", f"{found.open:,}", link, waits, alarm=found.open > 0)])


staff_figures.plug("moderation", StaffFigures("Moderation", "gallery.view_galleryreport", _reports, order=60))
