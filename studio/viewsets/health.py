"""Small public services: health, and the CSRF token."""

from __future__ import annotations

from typing import Annotated, ClassVar, NotRequired, TypedDict

from django.middleware.csrf import get_token
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelope import ok
from config.api.errors import NotFound
from config.api.permissions import Public
from config.api.views import APIView
from config.platform import health


class ServiceStatusRow(TypedDict):
    status: str
    services: dict[str, str]
    programs: NotRequired[Annotated[dict[str, str], "Background programs that ran lately: up or down."]]


class CsrfTokenRow(TypedDict):
    csrf_token: str


def _in_words(states: dict[str, bool]) -> dict[str, str]:
    return {name: "up" if state else "down" for name, state in states.items()}


class ServiceStatusView(APIView):
    permissions: ClassVar = {"get": [Public]}
    authentication_classes: ClassVar[list[type]] = []

    @extend_schema(responses={200: ServiceStatusRow, 503: ServiceStatusRow})
    def get(self, request: Request, service: str | None = None) -> Response:
        """All services, or one by its name; 503 when one that the API can't do without is down."""
        if service is not None and service not in health.services:
            raise NotFound(f"There is no service {service!r}.")
        states = health.service_states([service] if service else [])
        needed = [service] if service else health.ESSENTIAL
        healthy = all(states[name] for name in needed)
        data: ServiceStatusRow = {"status": "ok" if healthy else "unavailable", "services": _in_words(states)}
        if service is None:
            programs = health.program_states()
            data["programs"] = _in_words(programs)
            if healthy and not (states["redis"] and all(programs.values())):
                data["status"] = "degraded"
        return ok(data, "Service status retrieved successfully", status=200 if healthy else 503)


class CsrfTokenView(APIView):
    permissions: ClassVar = {"get": [Public]}
    authentication_classes: ClassVar[list[type]] = []

    @extend_schema(responses=CsrfTokenRow)
    def get(self, request: Request) -> Response:
        """The token that the session-based pages send back with their forms."""
        answer: CsrfTokenRow = {"csrf_token": get_token(request._request)}
        return ok(answer, "CSRF token retrieved successfully")
