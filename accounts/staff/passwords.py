"""The staff site's forms for a new password, one's own and another user's."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.forms import AdminPasswordChangeForm as OwnPasswordChangeForm
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.core.exceptions import ValidationError

from accounts import services
from accounts.models import User
from accounts.services.reauthentication import prove_password
from config.api.errors import DomainError, ValidationFailed


class OwnPasswordForm(OwnPasswordChangeForm):
    """One's own, by the present one."""

    def clean_old_password(self) -> str:
        old: str = self.cleaned_data["old_password"]
        try:
            prove_password(user=self.user, password=old)
        except DomainError as error:
            raise ValidationError("; ".join(reasons(error))) from error
        return old

    def save(self, commit: bool = True) -> User:
        new = self.cleaned_data["new_password1"]
        services.change_password(user=self.user, session=None, current=self.cleaned_data["old_password"], new=new)
        user: User = self.user
        return user


class PasswordForm(AdminPasswordChangeForm):
    """Another user's. A new password ends the user's sessions, whoever sets it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Who may not come in is inactive; an account without a password is no state of ours.
        self.fields.pop("usable_password", None)

    def save(self, commit: bool = True) -> User:
        user: User = services.write_profile(user=self.user, changes={"password": self.cleaned_data["password1"]})
        return user


def reasons(error: DomainError) -> list[str]:
    """The error in words for a page."""
    if not isinstance(error, ValidationFailed):
        return [error.message]
    return [reason for found in error.fields.values() for reason in found]
