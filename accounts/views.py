"""The pages that links in mails lead to. Reading one changes nothing: mail scanners follow links too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from rest_framework.serializers import Serializer

from accounts import services
from accounts.middleware import device_of
from accounts.serializers import ResetSerializer, VerificationSerializer
from accounts.services import members
from accounts.staff.passwords import reasons
from accounts.viewsets.tenants import AcceptSerializer
from config.api.errors import DomainError


class ResetForm(forms.Form):
    email = forms.EmailField(widget=forms.HiddenInput)
    token = forms.CharField(widget=forms.HiddenInput)
    password = forms.CharField(widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), strip=False)
    password_confirmation = forms.CharField(
        label="The same again", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), strip=False
    )


class InvitationForm(forms.Form):
    token = forms.CharField(widget=forms.HiddenInput)
    name = forms.CharField(max_length=255)
    password = forms.CharField(widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), strip=False)
    password_confirmation = forms.CharField(
        label="The same again", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), strip=False
    )


class VerificationForm(forms.Form):
    id = forms.IntegerField(widget=forms.HiddenInput)
    hash = forms.CharField(widget=forms.HiddenInput)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def reset_password(request: HttpRequest) -> HttpResponse:
    return _page(
        request,
        ResetForm,
        ResetSerializer,
        services.reset_password,
        "Choose a new password",
        "Your password is changed.",
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def verify_email(request: HttpRequest) -> HttpResponse:
    return _page(
        request, VerificationForm, VerificationSerializer, services.verify_email, "Confirm this address", "Thank you."
    )


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def accept_invitation(request: HttpRequest) -> HttpResponse:
    def accept(**values: Any) -> None:
        members.accept_invitation(**values, device=device_of(request))

    return _page(request, InvitationForm, AcceptSerializer, accept, "Join", "You are in: log in with your address.")


def _page(
    request: HttpRequest,
    form_class: type[forms.Form],
    shape: type[Serializer],
    act: Callable[..., object],
    title: str,
    done: str,
) -> HttpResponse:
    if request.method != "POST":
        return _show(request, form_class(initial=request.GET.dict()), title)
    form = form_class(request.POST)
    sent = shape(data=request.POST.dict())
    if not sent.is_valid():
        problems = [str(reason) for reasons in sent.errors.values() for reason in reasons]
        return _show(request, form, title, problems, status=422)
    try:
        act(**sent.validated_data)
    except DomainError as error:
        return _show(request, form, title, reasons(error), status=error.status)
    return render(request, "account/page.html", {"title": title, "done": done})


def _show(
    request: HttpRequest, form: forms.Form, title: str, problems: Sequence[str] = (), status: int = 200
) -> HttpResponse:
    return render(request, "account/page.html", {"title": title, "form": form, "problems": problems}, status=status)
