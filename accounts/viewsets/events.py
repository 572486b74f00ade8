"""What happens to the caller, as it happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar

from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request

from accounts.services.event_stream import Listener, catch_up, follow
from config.api.errors import ValidationFailed
from config.api.permissions import Authenticated
from config.api.views import APIView
from config.platform.events import is_id


class EventStreamView(APIView):
    permissions: ClassVar = {"get": [Authenticated]}

    @extend_schema(
        parameters=[
            OpenApiParameter("Last-Event-ID", str, OpenApiParameter.HEADER, description="Go on after this event."),
            OpenApiParameter("after", str, description="The same, for clients that can't set the header."),
        ],
        responses={(200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR, "Server-sent events.")},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Server-sent events: ``render`` (state and progress of a render), ``message``, ``read``, ``support``.

        ``ready`` comes first; its ``live`` tells whether the answer stays open, as it does on the event server, or is
        to be asked for again. ``reset``: events were missed, ask for the lists anew.
        """
        after = request.headers.get("Last-Event-ID") or request.query_params.get("after")
        if after and not is_id(after):
            raise ValidationFailed({"after": ["Must be the id of an earlier event."]})
        session = request.auth
        content: AsyncIterator[bytes] | list[bytes]
        if isinstance(request._request, ASGIRequest):
            expires_at = session.access_expires_at
            listener = Listener(user_id=request.user.pk, session_id=session.pk, token_expires_at=expires_at)
            content = follow(listener=listener, after=after)
            # The stream outlives this view by hours and asks the database nothing; its connection goes back now.
            connection.close()
        else:
            content = [catch_up(user_id=request.user.pk, after=after)]
        response = StreamingHttpResponse(content, content_type="text/event-stream")
        response["Cache-Control"] = "no-store"
        # nginx would hold events back until its buffer is full.
        response["X-Accel-Buffering"] = "no"
        return response
