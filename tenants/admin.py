from django.contrib import admin

from config.staff_pages import StaffPage
from tenants.models import Tenant


@admin.register(Tenant)
class TenantAdmin(StaffPage):
    list_display = ("id", "name", "domain", "db_pool", "created_at")
    search_fields = ("=id", "=domain", "@")
    list_filter = ("db_pool",)
    readonly_fields = ("created_at",)
