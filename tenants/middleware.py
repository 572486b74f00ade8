"""The tenant's share of a request: a clean scope, and hosts that only their members may use."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from tenants import scope


class TenantHostMiddleware:
    """Starts each request outside any tenant scope; whatever authentication enters ends with the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with scope.request_scope():
            return self.get_response(request)
