"""Support requests over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.http import QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.bodies import raw_body
from config.api.envelope import ok
from config.api.errors import ValidationFailed
from config.api.filters import ListSpec
from config.api.pagination import list_page
from config.api.permissions import Authenticated, IsAdministrator, Public
from config.api.views import APIViewSet, parse
from support import services
from support.lists import RequestList, StaffRequestList, SupportMessageList
from support.models import SupportMessage, SupportRequest
from support.rows import (
    REQUEST_COLUMNS,
    StaffSupportRequestRow,
    SupportMessageRow,
    SupportRequestRow,
    message_row,
    request_answer,
    request_row,
    staff_request_row,
)
from support.serializers import (
    NewRequestSerializer,
    NewSupportMessageSerializer,
    StaffSupportSearchSerializer,
    SupportSearchSerializer,
    SupportStatusSerializer,
)
from tenants.scope import all_tenants

_PAGING = ("page", "perPage", "order", "cursor", "search")


class SupportRequestViewSet(APIViewSet):
    permissions: ClassVar = {
        "create": [Public],
        "search": [Authenticated],
        "retrieve": [Authenticated],
        "update_status": [Authenticated],
    }
    throttles: ClassVar = {"create": "support"}
    lists: ClassVar = {"search": RequestList}

    @extend_schema(request=NewRequestSerializer, responses={201: SupportRequestRow})
    def create(self, request: Request) -> Response:
        """Ask the staff. Without a login an address is needed, to which the link to follow the request is mailed."""
        values = parse(NewRequestSerializer, request)
        text, subject = values["text"], values["subject"]
        about: services.About = {"order_id": values.get("orderId"), "video_id": values.get("videoId")}
        files = values.get("attachmentIds", [])
        if request.user.is_authenticated:
            filed = services.file_request(
                user=request.user, text=text, subject=subject, about=about, attachment_ids=files
            )
            return ok(request_answer(filed), "Support request created successfully", status=201)
        filed = services.file_anonymous_request(
            text=text, subject=subject, login=values.get("login") or "", email=values["email"]
        )
        return ok(request_answer(filed), "Support request created successfully", status=201)

    @extend_schema(request=SupportSearchSerializer, responses=Sequence[SupportRequestRow])
    def search(self, request: Request) -> Response:
        """The caller's own requests, newest first: ``id, statusId, startDate, endDate`` narrow them."""
        found = services.requests_of(request.user)
        criteria = _criteria(request, RequestList)
        data = list_page(criteria, found, RequestList, columns=REQUEST_COLUMNS, row=request_row)
        return ok(data, "Support requests retrieved successfully")

    @extend_schema(responses=SupportRequestRow)
    def retrieve(self, request: Request, request_id: int) -> Response:
        found = services.find_request(user=request.user, request_id=request_id)
        return ok(request_answer(found), "Support request retrieved successfully")

    @extend_schema(request=SupportStatusSerializer, responses=SupportRequestRow)
    def update_status(self, request: Request) -> Response:
        """Staff set any status that can follow; the author closes."""
        values = parse(SupportStatusSerializer, request)
        changed = services.set_status(
            user=request.user, request_id=values["requestId"], status=values["requestStatusId"]
        )
        return ok(request_answer(changed), "Support request status updated successfully")


class SupportMessageViewSet(APIViewSet):
    permissions: ClassVar = {"list": [Authenticated], "create": [Authenticated]}
    throttles: ClassVar = {"create": "message"}
    lists: ClassVar = {"list": SupportMessageList}

    @extend_schema(responses=Sequence[SupportMessageRow])
    def list(self, request: Request, request_id: int) -> Response:
        """What was written about a request, oldest first, without the staff's notes."""
        found = services.thread(services.find_request(user=request.user, request_id=request_id))
        # Staff see files of every tenant, and the author those of staff.
        with all_tenants():
            messages = found.select_related("author", "request").prefetch_related("files")
            return self.list_response(
                request, messages, row=message_row, message="Support request messages retrieved successfully"
            )

    @extend_schema(request=NewSupportMessageSerializer, responses={201: SupportMessageRow})
    def create(self, request: Request) -> Response:
        """Write about a request: its author asks, staff answer. The author's message opens a closed one again."""
        values = parse(NewSupportMessageSerializer, request)
        sent = services.send_message(
            user=request.user,
            request_id=values["supportRequestId"],
            text=values["text"],
            attachment_ids=values.get("attachmentIds", []),
        )
        message = SupportMessage.objects.select_related("author", "request").get(pk=sent.pk)
        return ok(message_row(message), "Support request message sent successfully", status=201)


class StaffSupportViewSet(APIViewSet):
    permissions: ClassVar = {"search": [IsAdministrator]}
    lists: ClassVar = {"search": StaffRequestList}

    @extend_schema(request=StaffSupportSearchSerializer, responses=Sequence[StaffSupportRequestRow])
    def search(self, request: Request) -> Response:
        """Everybody's requests, newest first: ``userId`` and ``assigneeId`` narrow them too."""
        columns = (*REQUEST_COLUMNS, "assignee_id", "assignee__name", "first_response_at")
        found, criteria = SupportRequest.objects.all(), _criteria(request, StaffRequestList)
        data = list_page(criteria, found, StaffRequestList, columns=columns, row=staff_request_row)
        return ok(data, "Support requests retrieved successfully")


def _criteria(request: Request, spec: type[ListSpec]) -> QueryDict:
    """The list grammar with the body's criteria put in: both name the same things."""
    params = request.query_params.copy()
    problems = {}
    for name, value in raw_body(StaffSupportSearchSerializer, request).items():
        if value is None or name not in (*_PAGING, *spec.params):
            continue
        if isinstance(value, str | int) and not isinstance(value, bool):
            params[name] = str(value)
        else:
            problems[name] = ["Must be a single value."]
    if problems:
        raise ValidationFailed(problems)
    return params
