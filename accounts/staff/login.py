"""The staff site's login: the same locks and the same second factor as the API's, or a passkey alone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.services import passkeys, second_factor
from accounts.services.audit import record
from accounts.services.lockout import claim_attempt, forgive
from config.api.addresses import client_address
from config.api.errors import DomainError, TooManyRequests


class StaffLoginForm(AdminAuthenticationForm):
    code = forms.CharField(
        required=False,
        max_length=32,
        label="Code",
        help_text="From your authenticator app, or a recovery code, if you have one.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )
    state = forms.CharField(required=False, max_length=1024, widget=forms.HiddenInput)
    credential = forms.CharField(
        required=False, max_length=passkeys.MAX_CREDENTIAL_LENGTH, widget=forms.HiddenInput, strip=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by_passkey = bool(self.data.get("credential"))
        if self.by_passkey:
            self.fields["username"].required = self.fields["password"].required = False

    def clean(self) -> dict[str, object]:
        account = self.cleaned_data.get("username", "")
        address = client_address(self.request) if self.request else None
        if self.by_passkey:
            return self._clean_passkey(address)
        try:
            claim_attempt(account=account, address=address, few=True)
        except DomainError as error:
            raise ValidationError(error.message) from error
        try:
            cleaned = super().clean()
        except ValidationError:
            record("login.failed", email=account[:255], site="admin")
            raise
        forgive(account=account, address=address, few=True)
        return cleaned

    def confirm_login_allowed(self, user: User) -> None:
        super().confirm_login_allowed(user)
        if self.by_passkey:
            record("login", actor=user, site="admin", passkey=True)
            return
        if second_factor.is_enabled(user):
            self._check_code(user)
        record("login", actor=user, site="admin")

    def _clean_passkey(self, address: str | None) -> dict[str, object]:
        values = self.cleaned_data
        try:
            user = passkeys.identify(
                state=values.get("state", ""), credential=values.get("credential", ""), address=address
            )
        except TooManyRequests as error:
            raise ValidationError(error.message) from error
        except DomainError as error:
            record("login.failed", site="admin", passkey=True)
            raise ValidationError("This passkey was not accepted.") from error
        self.confirm_login_allowed(user)
        self.user_cache = user
        return values

    def _check_code(self, user: User) -> None:
        code = self.cleaned_data.get("code", "")
        if not code:
            raise ValidationError("This account has a second factor: add a code, or use a passkey.")
        try:
            second_factor.check_code(user=user, code=code)
        except DomainError as error:
            raise ValidationError("This code is wrong, was used already or is locked.") from error


@never_cache
@csrf_protect
@require_POST
def begin_passkey_login(request: HttpRequest) -> JsonResponse:
    """What the login page's script asks the browser for a passkey with."""
    return JsonResponse(passkeys.begin_login())
