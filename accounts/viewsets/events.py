"""What happens to the caller, as it happens."""

from __future__ import annotations

from typing import ClassVar

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request

from accounts.services.event_stream import told_of_user
from config.api.permissions import Authenticated
from config.api.streams import PLACE, asked_place, event_answer
from config.api.views import APIView


class EventStreamView(APIView):
    permissions: ClassVar = {"get": [Authenticated]}

    @extend_schema(
        parameters=PLACE,
        responses={(200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR, "Server-sent events.")},
    )
    def get(self, request: Request) -> HttpResponse:
        """Server-sent events: ``render`` (state and progress of a render), ``message``, ``read``, ``support``.

        ``ready`` comes first; its ``live`` tells whether the answer stays open, as it does beside an event server, or
        is to be asked for again. ``reset``: events were missed, ask for the lists anew.
        """
        return event_answer(request, told_of_user(user_id=request.user.pk, after=asked_place(request)))
