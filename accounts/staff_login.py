"""The staff site's login: the same locks and the same second factor as the API's."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.services import second_factor
from accounts.services.audit import record
from accounts.services.lockout import claim_attempt, forgive
from config.api.addresses import client_address
from config.api.errors import DomainError


class StaffLoginForm(AdminAuthenticationForm):
    code = forms.CharField(
        required=False,
        max_length=32,
        label="Code",
        help_text="From your authenticator app, if you have one.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )

    def clean(self) -> dict[str, Any]:
        account = self.cleaned_data.get("username", "")
        address = client_address(self.request) if self.request else None
        try:
            claim_attempt(account=account, address=address)
        except DomainError as error:
            raise ValidationError(error.message) from error
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            record("login.failed", email=account[:255], site="admin")
            raise
        forgive(account=account, address=address)
        return cleaned

    def confirm_login_allowed(self, user: User) -> None:
        super().confirm_login_allowed(user)
        if second_factor.is_enabled(user):
            try:
                second_factor.check_code(user=user, code=self.cleaned_data.get("code", ""))
            except DomainError as error:
                raise ValidationError("This code is wrong, was used already or is locked.") from error
        record("login", actor=user, site="admin")
