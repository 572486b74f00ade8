"""How values look on staff pages. Everything is escaped: prompts and file names are users' words."""

from __future__ import annotations

import json

from django.db import models
from django.forms.widgets import Media, Script
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.staff_pages import ReadOnly, StaffPage
from studio.models import MediaFile, RenderJob
from studio.services.files.store import file_url


class LookOnlyAdmin(ReadOnly, StaffPage):
    """Rows that the services alone write."""

    @property
    def media(self) -> Media:
        return super().media + Media(css={"all": ["staff/staff.css"]}, js=[Script("staff/live.js", type="module")])  # type: ignore[list-item]


def pretty(value: object) -> SafeString:
    return format_html(
        '<pre class="studio-json">{}</pre>', json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    )


def badge(status: str) -> SafeString:
    return format_html('<span class="studio-status {}">{}</span>', status, status.replace("_", " "))


def live(name: str, active: bool, content: str) -> SafeString:
    """A part of the page that staff/live.js keeps up to date, for as long as it is active."""
    return format_html('<div data-live="{}"{}>{}</div>', name, SafeString(" data-active") if active else "", content)


def progress(job: RenderJob) -> SafeString:
    text = f"{job.frames_done} / {job.frames_total} frames"
    if job.is_active and job.eta_seconds is not None:
        text += f", {seconds_text(job.eta_seconds)} left"
    return format_html(
        '<div class="studio-progress"><progress max="100" value="{}" aria-label="Progress"></progress>{}</div>',
        round(job.progress, 1), text,
    )  # fmt: skip


def file_link(file: MediaFile | None) -> str:
    if file is None:
        return "-"
    return format_html(
        '<a href="{}" target="_blank" rel="noopener">{} ({})</a>', file_url(file), file.kind, size_text(file.size)
    )


def picture(file: MediaFile | None) -> str:
    if file is None:
        return "-"
    return format_html('<img class="studio-picture" src="{}" alt="{}">', file_url(file), file.kind)


def two_lines(first: str, second: str) -> SafeString:
    """Two facts in one cell: a list has little room."""
    return format_html('<span class="studio-wide">{}<br><small>{}</small></span>', first, second)


def row_link(row: models.Model | None) -> str:
    """To the row's own page."""
    if row is None:
        return "-"
    page = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return format_html('<a href="{}">{}</a>', reverse(page, args=[row.pk]), row)


def size_text(size: int) -> str:
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024  # type: ignore[assignment]
    return f"{size:.1f} GiB"


def seconds_text(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
