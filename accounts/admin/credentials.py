"""Second factors, and ties to other sites: whoever writes these decides who gets in."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.admin import SocialAppForm
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.contrib import admin
from django.http import HttpRequest

from accounts.services.audit import record
from accounts.services.second_factor import reset
from accounts.staff.who import who
from config.staff_pages import StaffPage, Unwritten


@admin.register(Authenticator)
class AuthenticatorAdmin(Unwritten, StaffPage):
    """Who has which second factor, without its secrets. Super administrators reset one that somebody has lost."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type", "created_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("user",)
    fields = readonly_fields = ("user", "type", "created_at", "last_used_at")
    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Authenticator | None = None) -> bool:
        """One's own is removed on the page about account security, which asks who it is."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.user_id != request.user.pk)

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        reset(staff=who(request), authenticator=obj)


@admin.register(SocialAccount)
class SocialAccountAdmin(Unwritten, StaffPage):
    """Who signs in with which identity of another site. Only signing in there makes one; it can be taken away."""

    list_display = ("user", "provider", "uid", "date_joined", "last_login")
    list_filter = ("provider",)
    list_select_related = ("user",)
    search_fields = ("user", "=uid")
    fields = readonly_fields = ("user", "provider", "uid", "date_joined", "last_login")
    actions = None

    def delete_model(self, request: HttpRequest, obj: SocialAccount) -> None:
        record("social.unlinked", actor=who(request), subject=obj.user, provider=obj.provider)
        super().delete_model(request, obj)


@admin.register(SocialApp)
class SocialAppAdmin(StaffPage):
    """Issuers that are believed when they say who somebody is, and our secrets with them: super administrators' alone.

    Administrators see that there are such.
    """

    form = SocialAppForm
    list_display = ("name", "provider", "provider_id")

    def get_fields(self, request: HttpRequest, obj: object = None) -> Any:
        return super().get_fields(request, obj) if self._may(request) else ("name", "provider", "provider_id")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self._may(request)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self._may(request)

    @staticmethod
    def _may(request: HttpRequest) -> bool:
        user = request.user
        return user.is_active and user.is_superuser and user.is_administrator
