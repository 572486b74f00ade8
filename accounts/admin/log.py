"""The audit log."""

from __future__ import annotations

from django.contrib import admin

from accounts.models import AuditEntry
from config.staff_pages import ReadOnly, StaffPage


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly, StaffPage):
    """To look at only: a log that can be edited proves nothing."""

    list_display = ("at", "event", "actor", "subject", "address", "detail")
    list_filter = ("event", "at")
    list_select_related = ("actor", "subject")
    indexed_filters = ("event", "actor", "subject")
    search_fields = ("=event", "actor", "subject")
    search_help_text = "Event, actor or subject (words of address or name, or the tenant's domain)"
    readonly_fields = ("at", "event", "actor", "subject", "address", "user_agent", "detail")
