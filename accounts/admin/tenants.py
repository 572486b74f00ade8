"""Workspaces: who is in them, what they are called, where they are found."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from accounts.models import User
from accounts.services import tenants
from accounts.staff.who import who
from config.staff_acts import Act, ReasonForm, Values
from config.staff_pages import StaffPage
from tenants.models import Tenant

CHANGE = "tenants.change_tenant"


class NameForm(ReasonForm):
    name = forms.CharField(max_length=255)
    seen = forms.CharField(widget=forms.HiddenInput, max_length=255)
    field_order = ("name", "reason", "seen")

    def begin(self) -> None:
        self.fields["name"].initial = self.fields["seen"].initial = self.row.name


class SlugForm(ReasonForm):
    slug = forms.CharField(max_length=63, help_text="Links to the former address end.")
    seen = forms.CharField(widget=forms.HiddenInput, max_length=63)
    field_order = ("slug", "reason", "seen")

    def begin(self) -> None:
        self.fields["slug"].initial = self.fields["seen"].initial = self.row.slug


def _rename(staff: User, tenant: Tenant, values: Values) -> str:
    tenants.rename_tenant(staff=staff, tenant=tenant, **values)
    return f"It is called {values['name']}."


def _move(staff: User, tenant: Tenant, values: Values) -> str:
    return f"It is found at {tenants.move_tenant(staff=staff, tenant=tenant, **values).domain}."


@admin.register(Tenant)
class TenantAdmin(StaffPage):
    list_display = ("id", "name", "domain", "db_pool", "created_at")
    search_fields = ("=id", "=domain", "@")
    list_filter = ("db_pool",)
    readonly_fields = ("slug", "domain", "db_pool", "people", "created_at")
    acts = (
        Act("rename", "Rename", CHANGE, _rename, NameForm),
        Act("move", "Change its address", CHANGE, _move, SlugForm, "Its host name is another at once.", danger=True),
    )

    def get_fields(self, request: HttpRequest, obj: Tenant | None = None) -> tuple[str, ...]:
        return ("name", *self.readonly_fields) if obj else ("name",)

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> tuple[str, ...]:
        return self.get_fields(request, obj) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """It goes with the last of its people."""
        return False

    @admin.display(description="people")
    def people(self, tenant: Tenant) -> str:
        count = User.objects.filter(tenant=tenant).count()
        page = reverse("admin:accounts_user_changelist")
        return format_html('<a href="{}?q={}">{}</a>', page, tenant.domain, count)

    def save_model(self, request: HttpRequest, obj: Tenant, form: forms.ModelForm, change: bool) -> None:
        if change:
            # What there is to change, acts change.
            return
        made = tenants.make_tenant(staff=who(request), name=form.cleaned_data["name"])
        obj.pk, obj.slug, obj.domain, obj.db_pool = made.pk, made.slug, made.domain, made.db_pool
