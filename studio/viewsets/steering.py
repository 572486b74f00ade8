"""Renders steered while they run: the table, the controls, commands, and what frames were made with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.bodies import raw_body
from config.api.envelope import dumps, ok
from config.api.errors import NotFound
from config.api.permissions import Authenticated
from config.api.views import APIViewSet, parse
from studio.rows.steering import (
    CommandRow,
    FrameRow,
    GrantRow,
    SteeringRow,
    SteeringTable,
    command_row,
    frame_rows,
    steering_row,
    steering_table,
)
from studio.serializers.steering import CommandSerializer, ControlSerializer, body_of, frame_range, number_after
from studio.services.steering import controls, records
from studio.services.steering.commands import commands_after, give_command
from studio.services.steering.jobs import seen_job
from studio.services.steering.pictures import thumbnail

_RANGE = [
    OpenApiParameter("start", int, description="The first frame; 0 if left out."),
    OpenApiParameter("end", int, description=f"The last; {records.MAX_FRAMES} frames are answered at most."),
]


class SteeringViewSet(APIViewSet):
    permissions: ClassVar = {
        "table": [Authenticated],
        "snapshot": [Authenticated],
        "control": [Authenticated],
        "give": [Authenticated],
        "given": [Authenticated],
        "frames": [Authenticated],
        "frame": [Authenticated],
        "record": [Authenticated],
    }
    throttles: ClassVar = {"give": "steering", "control": "steering"}

    @extend_schema(responses=SteeringTable)
    def table(self, request: Request) -> Response:
        """The parameters that animations can be steered by."""
        return ok(steering_table(), "Steerable parameters retrieved successfully")

    @extend_schema(responses=SteeringRow)
    def snapshot(self, request: Request, job_id: int) -> Response:
        """A render as its console shows it."""
        with seen_job(user=request.user, job_id=job_id) as job:
            row = steering_row(job, request.user, request.build_absolute_uri)
        return ok(row, "Steering retrieved successfully")

    @extend_schema(request=ControlSerializer, responses=GrantRow)
    def control(self, request: Request, job_id: int) -> Response:
        """Take the controls of a render, keep them, leave them."""
        values = parse(ControlSerializer, request)
        token, who = values["token"], request.user
        answer: GrantRow = {"token": None, "expires_at": None}
        with seen_job(user=who, job_id=job_id) as job:
            match values["action"]:
                case "take":
                    grant = controls.take(job=job, user=who, token=token, force=values["force"])
                    answer = {"token": grant.token, "expires_at": grant.expires_at}
                case "renew":
                    grant = controls.renew(job=job, user=who, token=token)
                    answer = {"token": grant.token, "expires_at": grant.expires_at}
                case "release":
                    controls.release(job=job, user=who, token=token)
                case _:
                    to = controls.receiver(job, values.get("to"))
                    answer["expires_at"] = controls.hand_over(job=job, user=who, token=token, to=to)
        return ok(answer, "Controls changed successfully")

    @extend_schema(request=CommandSerializer, responses={200: CommandRow, 201: CommandRow})
    def give(self, request: Request, job_id: int) -> Response:
        """Give a command; 201, and 200 for one that had been given before."""
        with seen_job(user=request.user, job_id=job_id) as job:
            values = parse(CommandSerializer, request)
            given = give_command(
                job=job,
                user=request.user,
                token=values["token"],
                number=values["number"],
                kind=values["kind"],
                body=body_of(raw_body(CommandSerializer, request)),
            )
        return ok(command_row(given.command), "Command accepted", status=200 if given.repeated else 201)

    @extend_schema(
        responses=Sequence[CommandRow],
        parameters=[OpenApiParameter("after", int, description="Only those with a higher number.")],
    )
    def given(self, request: Request, job_id: int) -> Response:
        """What was commanded, in order, and what became of it."""
        after = number_after(request.query_params)
        with seen_job(user=request.user, job_id=job_id) as job:
            rows = [command_row(command) for command in commands_after(job, after)]
        return ok(rows, "Commands retrieved successfully")

    @extend_schema(responses=Sequence[FrameRow], parameters=_RANGE)
    def frames(self, request: Request, job_id: int) -> Response:
        """What frames were made with, while the film is made and afterwards."""
        start, count = frame_range(request.query_params)
        with seen_job(user=request.user, job_id=job_id) as job:
            rows = frame_rows(job, start, count, request.build_absolute_uri)
        return ok(rows, "Frames retrieved successfully")

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    def frame(self, request: Request, job_id: int, frame: int) -> HttpResponse:
        """A small picture of a frame, as long as there is one."""
        with seen_job(user=request.user, job_id=job_id) as job:
            jpeg = thumbnail(job.pk, frame)
        if jpeg is None:
            raise NotFound("There is no picture of this frame")
        return HttpResponse(jpeg, content_type="image/jpeg", headers={"Cache-Control": "private, no-store"})

    @extend_schema(responses={(200, "application/json"): OpenApiTypes.OBJECT})
    def record(self, request: Request, job_id: int) -> HttpResponse:
        """The session so far as a settings file, whose render gives the same frames."""
        with seen_job(user=request.user, job_id=job_id) as job:
            content = dumps(records.record_of(job))
        name = f'attachment; filename="render-{job_id}.json"'
        return HttpResponse(content, content_type="application/json", headers={"Content-Disposition": name})
