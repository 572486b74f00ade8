"""Answers in server-sent events."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from config.api.errors import ValidationFailed
from config.platform.events import is_id
from config.platform.streams import Followed, Ticket, Told

PLACE = [
    OpenApiParameter("Last-Event-ID", str, OpenApiParameter.HEADER, description="Go on after this event."),
    OpenApiParameter("after", str, description="The same, for clients that can't set the header."),
]
"""The parameters that ``asked_place`` reads."""


def asked_place(request: Request) -> str | None:
    """The event after which a client goes on. Raises ValidationFailed for what can't be one."""
    after = request.headers.get("Last-Event-ID") or request.query_params.get("after")
    if after and not is_id(after):
        raise ValidationFailed({"after": ["Must be the id of an earlier event."]})
    return after or None


def event_answer(request: Request, told: Told) -> HttpResponse:
    """What happened so far, for a client that asks again; its ``ticket`` lets a server keep it open instead."""
    response = HttpResponse(told.plainly(), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    # nginx would hold events back until its buffer is full.
    response["X-Accel-Buffering"] = "no"
    session = request.auth
    followed = Followed(told.log, request.user.pk, str(session.pk))
    response.ticket = Ticket(followed, told.place(), session.access_expires_at, told.opening())  # type: ignore[attr-defined]
    return response
