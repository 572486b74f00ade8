from django.contrib import admin
from django.http import HttpRequest

from config.api.models import IdempotencyRecord
from config.staff_pages import StaffPage


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(StaffPage):
    """To look at only: a stored answer that is edited would be a lie."""

    list_display = ("key", "user", "status", "created_at")
    list_filter = ("status", "created_at")
    list_select_related = ("user",)
    search_fields = ("user", "key")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: IdempotencyRecord | None = None) -> bool:
        return False
