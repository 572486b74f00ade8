from django.contrib import admin

from tenants.models import Tenant


@admin.register(Tenant)
class TenantAdmin(admin.ModelAdmin):
    list_display = ("id", "name", "domain", "db_pool", "created_at")
    search_fields = ("name", "domain")
    list_filter = ("db_pool",)
    readonly_fields = ("created_at",)
