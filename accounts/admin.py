"""Users and their sessions. Users register themselves: registration makes tenant and wallet too."""

from __future__ import annotations

from typing import Any

from allauth.mfa.admin import AuthenticatorAdmin as AllauthAuthenticatorAdmin
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import services
from accounts.models import AuditEntry, LoginSession, User
from accounts.services.second_factor import reset

# Roles are a field of the user; there are no groups.
admin.site.unregister(Group)
admin.site.unregister(Authenticator)


class PasswordForm(AdminPasswordChangeForm):
    """A new password ends the user's sessions, whoever sets it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Who may not come in is inactive; an account without a password is no state of ours.
        self.fields.pop("usable_password", None)

    def save(self, commit: bool = True) -> User:
        changes = {"password": self.cleaned_data["password1"]}
        user: User = services.update_profile(user=self.user, session=None, changes=changes)
        return user


class UserForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


class LoginSessionInline(admin.TabularInline):
    model = LoginSession
    fields = readonly_fields = ("address", "user_agent", "created_at", "last_seen_at", "expires_at", "revoked_at")
    extra = 0
    max_num = 0
    can_delete = False
    verbose_name_plural = "sessions"

    def has_add_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    form = UserForm
    change_password_form = PasswordForm
    change_user_password_template = "admin/accounts/user/password.html"
    list_display = ("email", "name", "role", "tenant", "is_active", "email_verified_at", "created_at")
    list_filter = ("role", "is_active", ("email_verified_at", admin.EmptyFieldListFilter))
    list_select_related = ("tenant",)
    search_fields = ("email", "name", "first_name", "last_name", "tenant__domain")
    ordering = ("-id",)
    date_hierarchy = "created_at"
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "password", "is_active", "role")}),
        ("Person", {"fields": ("name", "first_name", "last_name", "tenant")}),
        ("Times", {"fields": ("email_verified_at", "created_at", "updated_at", "last_login")}),
    )
    readonly_fields = ("tenant", "email_verified_at", "created_at", "updated_at", "last_login")
    inlines = (LoginSessionInline,)
    actions = ("end_sessions",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Administrators change themselves and those below: a colleague's password would be a colleague's power."""
        if not super().has_change_permission(request, obj):
            return False
        me = request.user
        return obj is None or me.is_superuser or obj.pk == me.pk or obj.role < me.role  # type: ignore[union-attr]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return self.readonly_fields if request.user.is_superuser else (*self.readonly_fields, "role")

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        services.update_profile(user=User.objects.get(pk=obj.pk), session=None, changes=changes)

    @admin.action(description="End all sessions of the selected users", permissions=["change"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        ended = sum(
            services.end_other_sessions(user=user) for user in queryset if self.has_change_permission(request, user)
        )
        self.message_user(request, f"Sessions ended: {ended}.", messages.SUCCESS)


@admin.register(AuditEntry)
class AuditEntryAdmin(admin.ModelAdmin):
    """To look at only: a log that can be edited proves nothing."""

    list_display = ("at", "event", "actor", "subject", "address", "detail")
    list_filter = ("event", "at")
    list_select_related = ("actor", "subject")
    search_fields = ("actor__email", "subject__email", "address", "event")
    date_hierarchy = "at"
    readonly_fields = ("at", "event", "actor", "subject", "address", "user_agent", "detail")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False


@admin.register(Authenticator)
class AuthenticatorAdmin(AllauthAuthenticatorAdmin):
    """Who has which second factor, without its secrets. Super administrators reset one that somebody has lost."""

    list_select_related = ("user",)
    search_fields = ("user__email", "user__name")
    fields = readonly_fields = ("user", "type", "created_at", "last_used_at")
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Authenticator | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Authenticator | None = None) -> bool:
        """One's own is removed on the page about account security, which asks who it is."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.user_id != request.user.pk)

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        reset(staff=request.user, authenticator=obj)  # type: ignore[arg-type]
