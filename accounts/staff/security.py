"""The staff site's page about one's own account security: passkeys, authenticator app, recovery codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypedDict, Unpack

from allauth.mfa.adapter import get_adapter
from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.safestring import mark_safe
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.services import passkeys, second_factor
from accounts.services.reauthentication import is_recent, prove_identity, prove_password
from accounts.staff.sessions import signed_in_at
from config.api.errors import DomainError, ValidationFailed
from config.api.handlers import error_response
from config.platform.content_policy import content_policy
from config.staff_acts import Values

View = Callable[..., HttpResponseBase]
Act = Callable[..., "Shown | None"]
"""Does what one form asks for; answers what the page shows once, or None to open it afresh."""


class Shown(TypedDict, total=False):
    """What the page shows besides the account: once."""

    status: int
    problems: list[str]
    recovery_codes: list[str]
    setup: Mapping[str, object] | None


class PasswordForm(forms.Form):
    password = forms.CharField(strip=False, max_length=1024)


class CodeForm(forms.Form):
    code = forms.CharField(max_length=32)


class RemovedAppForm(CodeForm):
    password = forms.CharField(strip=False, max_length=1024, required=False)


class NameForm(forms.Form):
    name = forms.CharField(max_length=64)


class NewPasskeyForm(NameForm, PasswordForm):
    pass


class MadePasskeyForm(NameForm):
    state = forms.CharField(max_length=1024)
    credential = forms.CharField(max_length=passkeys.MAX_CREDENTIAL_LENGTH, strip=False)


def security_urls(admin_view: Callable[[View], View]) -> list[URLPattern]:
    """The page, and what its forms ask for."""

    routes: dict[str, tuple[str, View]] = {
        "security": ("", security),
        "security_begin_passkey": ("passkeys/begin/", begin_passkey),
        "security_add_passkey": ("passkeys/add/", _form_view(add_passkey)),
        "security_rename_passkey": ("passkeys/<int:passkey_id>/rename/", _form_view(rename_passkey)),
        "security_remove_passkey": ("passkeys/<int:passkey_id>/remove/", _form_view(remove_passkey)),
        "security_begin_app": ("app/begin/", _form_view(begin_app)),
        "security_confirm_app": ("app/confirm/", _form_view(confirm_app)),
        "security_remove_app": ("app/remove/", _form_view(remove_app)),
        "security_renew_codes": ("recovery-codes/renew/", _form_view(renew_codes)),
    }
    return [path(f"security/{address}", admin_view(view), name=name) for name, (address, view) in routes.items()]


@require_safe
def security(request: HttpRequest) -> HttpResponse:
    return _page(request)


@sensitive_post_parameters("password")
@require_POST
def begin_passkey(request: HttpRequest) -> HttpResponse:
    """Answers the page's script: what to ask the browser for a new passkey with."""
    try:
        prove_password(user=_me(request), password=_values(NewPasskeyForm, request)["password"])
        return JsonResponse(passkeys.begin_adding(user=_me(request)))
    except DomainError as error:
        return error_response(request, error)


def add_passkey(request: HttpRequest) -> Shown | None:
    values = _values(MadePasskeyForm, request)
    codes = passkeys.add(user=_me(request), **values)
    messages.success(request, f"The passkey “{values['name']}” was added.")
    return {"recovery_codes": codes} if codes else None


def rename_passkey(request: HttpRequest, passkey_id: int) -> None:
    passkeys.rename(user=_me(request), passkey_id=passkey_id, **_values(NameForm, request))
    messages.success(request, "The passkey has its new name.")


def remove_passkey(request: HttpRequest, passkey_id: int) -> None:
    prove_password(user=_me(request), **_values(PasswordForm, request))
    passkeys.remove(user=_me(request), passkey_id=passkey_id)
    messages.success(request, "The passkey was removed.")


def begin_app(request: HttpRequest) -> Shown:
    prove_password(user=_me(request), **_values(PasswordForm, request))
    return {"setup": _with_picture(second_factor.begin(user=_me(request)))}


def confirm_app(request: HttpRequest) -> Shown:
    try:
        codes = second_factor.confirm(user=_me(request), **_values(CodeForm, request))
    except DomainError as error:
        # To be tried again with the same secret.
        setup = second_factor.begun(user=_me(request))
        return {"problems": _reasons(error), "status": error.status, "setup": setup and _with_picture(setup)}
    messages.success(request, "The authenticator app is set up.")
    return {"recovery_codes": codes}


def remove_app(request: HttpRequest) -> None:
    values = _values(RemovedAppForm, request)
    since = signed_in_at(request)
    prove_identity(user=_me(request), signed_in_at=since, password=values["password"], field="password")
    second_factor.disable(user=_me(request), code=values["code"])
    messages.success(request, "The authenticator app was removed.")


def renew_codes(request: HttpRequest) -> Shown:
    prove_password(user=_me(request), **_values(PasswordForm, request))
    return {"recovery_codes": second_factor.renew_recovery_codes(user=_me(request))}


def _form_view(act: Act) -> View:
    @sensitive_post_parameters("password", "code")
    @require_POST
    def view(request: HttpRequest, **kwargs: object) -> HttpResponse:
        try:
            shown = act(request, **kwargs)
        except DomainError as error:
            return _page(request, problems=_reasons(error), status=error.status)
        return redirect("admin:security") if shown is None else _page(request, **shown)

    return view


def _page(request: HttpRequest, **shown: Unpack[Shown]) -> HttpResponse:
    user, status = _me(request), shown.pop("status", 200)
    context = {
        **admin.site.each_context(request),
        "title": "Account security",
        "passkeys": [
            {"pk": row.pk, "name": row.data["name"], "created_at": row.created_at, "last_used_at": row.last_used_at}
            for row in passkeys.passkeys_of(user)
        ],
        "has_app": second_factor.has_app(user),
        # Asked anew: it may just have been set up.
        "must_set_up": user.lacks_second_factor and not second_factor.is_enabled(user),
        "signed_in_recently": is_recent(signed_in_at(request)),
        **second_factor.status(user=user),
        **shown,
    }
    response = TemplateResponse(request, "admin/security.html", context, status=status)
    response["Content-Security-Policy"] = content_policy(forms=True, inline_styles=True)
    return response


def _me(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _values(form_class: type[forms.Form], request: HttpRequest) -> Values:
    form = form_class(request.POST)
    if not form.is_valid():
        raise ValidationFailed({name: [str(reason) for reason in reasons] for name, reasons in form.errors.items()})
    return form.cleaned_data


def _reasons(error: DomainError) -> list[str]:
    if not isinstance(error, ValidationFailed):
        return [error.message]
    return [f"{name.capitalize()}: {reason}" for name, reasons in error.fields.items() for reason in reasons]


def _with_picture(setup: Mapping[str, object]) -> dict[str, object]:
    """With a QR code, which contains nothing but squares."""
    return {**setup, "picture": mark_safe(get_adapter().build_totp_svg(setup["uri"]).partition("?>")[2])}
