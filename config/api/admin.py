from django.contrib import admin

from config.api.models import IdempotencyRecord
from config.staff_pages import StaffPage, Unwritten


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(Unwritten, StaffPage):
    """To look at only: a stored answer that is edited would be a lie."""

    list_display = ("key", "user", "status", "created_at")
    list_filter = ("status", "created_at")
    list_select_related = ("user",)
    search_fields = ("user", "key")
