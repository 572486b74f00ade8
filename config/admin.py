"""The staff's site."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse

from accounts.staff_login import StaffLoginForm
from tenants import scope


class StudioAdminSite(admin.AdminSite):
    site_title = "Mage AI Studio"
    site_header = "Mage AI Studio"
    index_title = "Overview"
    login_form = StaffLoginForm
    login_template = "admin/staff_login.html"
    index_template = "admin/overview.html"
    site_url = "/deforumation-qt"
    # The lists are wide; the overview is one click away.
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff look across tenants: whoever may come in leaves the scope of their own tenant for this request."""
        allowed = super().has_permission(request)
        if allowed:
            scope.enter(scope.ALL)
        return allowed

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        from studio.services.figures import overview

        return super().index(request, {**(extra_context or {}), "overview": overview()})
