"""Where requests come from, what staff did with them, and who of them must set up a second factor first."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from rest_framework.request import Request

from accounts.models import User
from accounts.services.acting import acting
from accounts.services.audit import Device, current_device, record
from config.api.addresses import client_address

_READS = {"GET", "HEAD", "OPTIONS"}


STAFF_SITES = frozenset({"admin", "django_rq"})
"""Namespaces of the staff's own pages."""


def device_of(request: HttpRequest | Request) -> Device:
    """Where a request comes from, for the session list and the audit log."""
    return Device(user_agent=request.headers.get("User-Agent", ""), address=client_address(request))


def _acts_as_staff(request: HttpRequest, user: User) -> bool:
    """Administrators always do; others of the staff have no rights of theirs outside the staff's sites."""
    match = request.resolver_match
    return user.has_staff_role or (match is not None and not STAFF_SITES.isdisjoint(match.app_names) and user.is_staff)


class AuditMiddleware:
    """Lets the audit log know the device, and writes every change that staff ask for, granted or refused, into it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = current_device.set(device_of(request))
        nobody = acting.set(None)
        try:
            response = self.get_response(request)
            user = getattr(request, "user", None)
            # The API's authentication hands its user on to this request.
            if request.method not in _READS and isinstance(user, User) and _acts_as_staff(request, user):
                record(
                    "staff.act", actor=user, method=request.method, path=request.path[:500], status=response.status_code
                )
            staff = acting.get()
            if request.method not in _READS and staff is not None and isinstance(user, User):
                record(
                    "acting.act", actor=staff, subject=user,
                    method=request.method, path=request.path[:500], status=response.status_code,
                )  # fmt: skip
            return response
        finally:
            acting.reset(nobody)
            current_device.reset(token)


class StaffSecondFactorMiddleware:
    """Lets staff who lack the second factor that they must have nowhere on the staff's sites but where to set one up.

    The API refuses them with its permissions; there they have the rights of everybody else.
    """

    open_views = frozenset({"login", "logout", "jsi18n", "begin_passkey_login"})

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or not STAFF_SITES.intersection(match.app_names):
            return None
        name = match.url_name or ""
        user = request.user
        if name in self.open_views or name.startswith("security") or not (isinstance(user, User) and user.is_staff):
            return None
        return redirect("admin:security") if user.lacks_second_factor else None
