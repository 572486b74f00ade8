"""Presigned uploads, and the files they become."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelope import ok
from config.api.parsers import BoundedMultiPartParser
from config.api.permissions import Authenticated
from config.api.views import APIViewSet, parse
from effects.services import find_effect
from studio.rows.files import FileRow, UploadAnswer, UploadTicketRow, file_row, ticket_row, upload_row
from studio.serializers.files import AnnounceSerializer, UploadSerializer
from studio.services.files import presigned, uploads
from studio.services.files.store import find_file


class FileViewSet(APIViewSet):
    permissions: ClassVar = {"announce": [Authenticated], "retrieve": [Authenticated], "complete": [Authenticated]}
    throttles: ClassVar = {"announce": "upload", "complete": "upload"}

    @extend_schema(request=AnnounceSerializer, responses=UploadTicketRow)
    def announce(self, request: Request) -> Response:
        """Announce a video, and learn where to PUT it."""
        values = parse(AnnounceSerializer, request)
        file, ticket = presigned.announce_upload(
            user=request.user,
            effect=find_effect(effect_id=values["effect_id"]),
            mime_type=values["mime_type"],
            size=values["size"],
            original_filename=values["original_filename"],
            file_hash=values.get("file_hash") or "",
        )
        row = ticket_row(file, ticket, settings.UPLOAD_URL_SECONDS, request.build_absolute_uri)
        return ok(row, "Upload initialized successfully")

    @extend_schema(responses=FileRow)
    def retrieve(self, request: Request, file_id: int) -> Response:
        """One file of the user."""
        file = find_file(user=request.user, file_id=file_id)
        return ok(file_row(file, request.build_absolute_uri), "File retrieved successfully")

    @extend_schema(request=None, responses=FileRow)
    def complete(self, request: Request, file_id: int) -> Response:
        """Verify an upload now instead of when it is first referenced."""
        file = presigned.find_verified_file(user=request.user, file_id=file_id, field="file")
        return ok(file_row(file, request.build_absolute_uri), "Upload completed successfully")


class UploadViewSet(APIViewSet):
    permissions: ClassVar = {"create": [Authenticated]}
    throttles: ClassVar = {"create": "upload"}
    parser_classes: ClassVar[list[type[MultiPartParser]]] = [BoundedMultiPartParser]

    @extend_schema(request=UploadSerializer, responses={201: UploadAnswer})
    def create(self, request: Request) -> Response:
        """Upload a source and perhaps a soundtrack."""
        video = uploads.create_video(user=request.user, **{"soundtrack": None, **parse(UploadSerializer, request)})
        return ok(upload_row(video, request.build_absolute_uri), "Media uploaded successfully", status=201)
