"""What happens in a render, as it happens."""

from __future__ import annotations

from typing import ClassVar

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request

from config.api.permissions import Authenticated
from config.api.streams import PLACE, asked_place, event_answer
from config.api.views import APIView
from studio.rows.steering import steering_row
from studio.services.jobs.watching import told_of_job


class JobEventsView(APIView):
    permissions: ClassVar = {"get": [Authenticated]}

    @extend_schema(
        parameters=PLACE,
        responses={(200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR, "Server-sent events.")},
    )
    def get(self, request: Request, job_id: int) -> HttpResponse:
        """Server-sent events of one render: ``snapshot`` first, then what happens."""
        told = told_of_job(
            user=request.user,
            job_id=job_id,
            after=asked_place(request),
            whole=lambda job: steering_row(job, request.user, request.build_absolute_uri),
        )
        return event_answer(request, told)
