"""The staff's site."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse

from accounts.staff.login import StaffLoginForm, begin_passkey_login
from accounts.staff.passwords import OwnPasswordForm
from config.api.errors import DomainError
from config.platform.content_policy import content_policy
from config.staff_figures import PERIODS, asked_period, shown_parts
from config.staff_links import without_closed_links
from config.staff_pages import StaffPage
from config.staff_views import staff_urls
from tenants import scope

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite as UnfoldAdminSite
else:
    from unfold.sites import UnfoldAdminSite


class StudioAdminSite(UnfoldAdminSite):
    index_title = "Overview"
    login_form = StaffLoginForm
    login_template = "admin/staff_login.html"
    index_template = "admin/overview.html"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Pages of ours alone. Those of other packages offer what a package can't know to be dangerous here, such as
        linking a stranger's identity to an account."""
        if isinstance(admin_class, type) and issubclass(admin_class, StaffPage):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff look across tenants: whoever may come in leaves the scope of their own tenant for this request."""
        allowed = super().has_permission(request)
        if allowed:
            scope.enter(scope.ALL)
        return allowed

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """A rule that a service keeps is told on the page that asked to break it; nothing was written then. What
        somebody may not open is no link."""

        @wraps(view)
        def told(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            try:
                return without_closed_links(request, view(request, *args, **kwargs))
            except DomainError as error:
                if request.method != "POST":
                    raise
                messages.error(request, str(error))
                return redirect(request.get_full_path())

        return super().admin_view(told, cacheable)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        # Renders pages of this site, which is only there once this module is.
        from accounts.staff.security import security_urls

        own = [path("login/passkey/", begin_passkey_login, name="begin_passkey_login")]
        return [*own, *security_urls(self.admin_view), *staff_urls(self.admin_view), *super().get_urls()]

    def login(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        response = super().login(request, extra_context)
        response["Content-Security-Policy"] = content_policy(forms=True, inline_styles=True)
        return response

    def password_change(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> Any:
        request.current_app = self.name
        view = PasswordChangeView.as_view(
            form_class=OwnPasswordForm,
            success_url=reverse("admin:password_change_done", current_app=self.name),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return view(request)

    def index(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> TemplateResponse:
        """The overview. What is of this moment alone is read again every few seconds (staff/live.js)."""
        period = asked_period(request)
        again = request.headers.get("X-Requested-With") == "fetch"
        shown = {"period": period, "periods": PERIODS, "parts": shown_parts(request, period, live_alone=again)}
        return super().index(request, {**(extra_context or {}), **shown})
