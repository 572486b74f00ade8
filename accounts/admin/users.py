"""Users and their sessions. Users register themselves: registration makes tenant and wallet too."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect

from accounts import services
from accounts.admin.acting import show_token
from accounts.admin.belongings import belongings_of
from accounts.admin.user_acts import ACTS, END_SESSIONS, SERVE
from accounts.models import LoginSession, User
from accounts.services.acting import Acted
from accounts.services.audit import record
from accounts.services.authority import may_act_on
from accounts.services.profiles import is_sensitive
from accounts.services.reauthentication import prove_identity
from accounts.staff.passwords import PasswordForm, reasons
from accounts.staff.sessions import signed_in_at
from accounts.staff.who import who
from config.api.errors import DomainError
from config.staff_many import act_on_many
from config.staff_pages import StaffInline, StaffPage, changed_columns


class UserForm(UserChangeForm):
    request: HttpRequest
    """Of whom: ``StaffPage`` sets it."""

    current_password = forms.CharField(
        required=False,
        strip=False,
        max_length=255,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text="For another address of your own, once signing in is some minutes ago.",
    )

    class Meta:
        model = User
        fields = "__all__"

    def clean(self) -> dict[str, object]:
        values = super().clean() or {}
        # As the row is: the form may have written to its instance already.
        me = User.objects.get(pk=self.request.user.pk or 0)
        changes = {"email": values["email"]} if values.get("email") else {}
        if self.instance.pk == me.pk and is_sensitive(me, changes):
            try:
                since = signed_in_at(self.request)
                prove_identity(user=me, signed_in_at=since, password=values.get("current_password"))
            except DomainError as error:
                raise forms.ValidationError({"current_password": reasons(error)}) from error
        return values


class LoginSessionInline(StaffInline):
    model = LoginSession
    fk_name = "user"
    fields = readonly_fields = ("address", "user_agent", "created_at", "last_seen_at", "expires_at", "revoked_at")
    ordering = ("-created_at",)
    verbose_name_plural = "newest sessions"


@admin.register(User)
class UserAdmin(StaffPage, DjangoUserAdmin):
    form = UserForm
    change_password_form = PasswordForm
    change_user_password_template = "admin/accounts/user/password.html"
    list_display = ("email", "name", "role", "tenant", "is_active", "email_verified_at", "created_at")
    list_filter = ("role", "is_active", ("email_verified_at", admin.EmptyFieldListFilter))
    list_select_related = ("tenant",)
    indexed_filters = ("role",)
    search_fields = ("=id", "=email", "@", "=tenant__domain")
    search_help_text = "Number, address, beginnings of words of address or name, or the tenant's domain"
    ordering = ("-id",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "password", "is_active", "blocked_at", "role")}),
        ("Person", {"fields": ("name", "first_name", "last_name", "tenant")}),
        ("Times", {"fields": ("email_verified_at", "created_at", "updated_at", "last_login")}),
    )
    readonly_fields = (
        "tenant",
        "is_active",
        "blocked_at",
        "email_verified_at",
        "created_at",
        "updated_at",
        "last_login",
    )
    inlines = (LoginSessionInline,)
    actions = ("end_sessions",)
    acts = ACTS
    change_form_outer_after_template = "admin/accounts/user/belongings.html"

    def act_view(self, request: HttpRequest, object_id: str, verb: str) -> HttpResponseBase:
        answer = super().act_view(request, object_id, verb)
        acted = getattr(request.user, "acted", None)
        user = self.get_object(request, object_id) if acted else None
        return show_token(request, user, acted) if isinstance(acted, Acted) and user else answer

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Model | None = None,
    ) -> HttpResponse:
        if isinstance(obj, User):
            context["belongings"] = belongings_of(who(request), obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Administrators change themselves and those below: a colleague's password would be a colleague's power."""
        if not super().has_change_permission(request, obj):
            return False
        return obj is None or may_act_on(who(request), obj)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        found = [*super().get_fieldsets(request, obj)]
        if not who(request).has_staff_role:
            found[0] = (None, {"fields": ("email", "is_active", "blocked_at", "role")})
        if obj is None or obj.pk != request.user.pk:
            return found
        return (*found, ("Who are you?", {"fields": ("current_password",)}))

    @method_decorator(csrf_protect)
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        """Django's, without its transaction: the form checks a password, and the service writes in one of its own."""
        answer: HttpResponse = self._changeform_view(request, object_id, form_url, extra_context)
        return answer

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        if id == str(request.user.pk):
            return redirect("admin:password_change")
        if not who(request).has_staff_role:
            # Whoever sets a password can come in by it. Others have a link mailed ("Reset password").
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return self.readonly_fields if request.user.is_superuser else (*self.readonly_fields, "role")

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        changes = {name: form.cleaned_data[name] for name in changed_columns(obj, form)}
        me = who(request)
        former = User.objects.get(pk=obj.pk)
        before = {name: getattr(former, name) for name in changes}
        row = services.write_profile(user=former, changes=changes, by=me)
        if changes:
            record("user.changed", actor=me, subject=row, before=before, after=changes)
        if row.pk == me.pk:
            # The session of this browser goes on with a new address.
            update_session_auth_hash(request, row)

    def has_serve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(SERVE)

    @admin.action(description="End all sessions of the selected users", permissions=["serve"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        return act_on_many(request, queryset, END_SESSIONS)
