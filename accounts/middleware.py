"""Where requests come from, and what staff did with them."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request

from accounts.models import User
from accounts.services.audit import Device, current_device, record
from config.api.addresses import client_address

_READS = {"GET", "HEAD", "OPTIONS"}


def device_of(request: HttpRequest | Request) -> Device:
    """Where a request comes from, for the session list and the audit log."""
    return Device(user_agent=request.headers.get("User-Agent", ""), address=client_address(request))


class AuditMiddleware:
    """Lets the audit log know the device, and writes every change that staff ask for, granted or refused, into it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = current_device.set(device_of(request))
        try:
            response = self.get_response(request)
            user = getattr(request, "user", None)
            # The API's authentication hands its user on to this request.
            if request.method not in _READS and isinstance(user, User) and user.is_administrator:
                record(
                    "staff.act", actor=user, method=request.method, path=request.path[:500], status=response.status_code
                )
            return response
        finally:
            current_device.reset(token)
