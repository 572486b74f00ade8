"""The gallery over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.addresses import client_address
from config.api.envelope import ok
from config.api.permissions import Authenticated, Public
from config.api.response_cache import cached_list
from config.api.views import APIViewSet, parse
from gallery import services
from gallery.lists import GalleryList
from gallery.models import GalleryItem
from gallery.rows import (
    LISTED,
    GalleryDetailRow,
    GalleryItemRow,
    LikeAnswer,
    PublishedVideoRow,
    ReportAnswer,
    item_row,
    listed_row,
    published_video_row,
)
from gallery.serializers import ReportSerializer
from gallery.services.viewing import LIST, RemixRow
from studio.services.videos.library import find_video

# Querysets are copied by everything that is done to them, so one is built for all requests.
_PUBLIC = GalleryItem.objects.public().values(*LISTED)
# A copy that nobody asks about again would outlive a moderator's decision.
_UNCACHED = {"Cache-Control": "no-cache"}


class GalleryViewSet(APIViewSet):
    permissions: ClassVar = {
        "list": [Public],
        "retrieve": [Public],
        "like": [Authenticated],
        "unlike": [Authenticated],
        "report": [Authenticated],
        "remix": [Authenticated],
    }
    lists: ClassVar = {"list": GalleryList}

    @extend_schema(responses=Sequence[GalleryItemRow])
    def list(self, request: Request) -> HttpResponseBase:
        """What people have published."""
        return cached_list(request, name=LIST, spec=GalleryList, answer=partial(self.page, request))

    def page(self, request: Request, token: str) -> Response:
        """The list itself; its count is filed under the freshness token."""
        return self.list_response(
            request,
            _PUBLIC,
            GalleryList,
            row=listed_row,
            message="Gallery videos retrieved successfully",
            count_key=f"public:{token}",
        )

    @extend_schema(responses=GalleryDetailRow)
    def retrieve(self, request: Request, item_id: int) -> Response:
        """One item. Asking for it counts as a view, once an hour for a person."""
        item = services.find_item(item_id)
        user = request.user if request.user.is_authenticated else None
        viewer = f"user:{user.pk}" if user else f"{client_address(request)}|{request.headers.get('User-Agent')}"
        if services.record_view(item=item, viewer=viewer):
            item.views += 1
        liked = user is not None and services.has_liked(item=item, user=user)
        return ok(item_row(item, liked=liked), "Gallery video retrieved successfully", headers=_UNCACHED)

    @extend_schema(request=None, responses=LikeAnswer)
    def like(self, request: Request, item_id: int) -> Response:
        likes = services.like(item=services.find_item(item_id), user=request.user)
        answer: LikeAnswer = {"id": item_id, "liked": True, "likes": likes}
        return ok(answer, "Gallery video liked successfully")

    @extend_schema(responses=LikeAnswer)
    def unlike(self, request: Request, item_id: int) -> Response:
        likes = services.unlike(item=services.find_item(item_id), user=request.user)
        answer: LikeAnswer = {"id": item_id, "liked": False, "likes": likes}
        return ok(answer, "Gallery video unliked successfully")

    @extend_schema(request=ReportSerializer, responses=ReportAnswer)
    def report(self, request: Request, item_id: int) -> Response:
        """Tell moderators; a second report of the same person replaces the first."""
        values = parse(ReportSerializer, request)
        report = services.report(item=services.find_item(item_id), user=request.user, **values)
        answer: ReportAnswer = {"id": report.pk, "reason": report.reason}
        return ok(answer, "Gallery video reported successfully")

    @extend_schema(request=None, responses=RemixRow)
    def remix(self, request: Request, item_id: int) -> Response:
        """The settings to make a video like this one."""
        return ok(services.remix(services.find_item(item_id)), "Settings retrieved successfully")


class PublicationViewSet(APIViewSet):
    """One's own videos, in the gallery and out of it."""

    permissions: ClassVar = {"publish": [Authenticated], "unpublish": [Authenticated]}

    @extend_schema(request=None, responses=PublishedVideoRow)
    def publish(self, request: Request, video_id: int) -> Response:
        """Show a completed video in the gallery."""
        item = services.publish(find_video(user=request.user, video_id=video_id))
        return ok(published_video_row(item.video, item.published_at), "Video published successfully")

    @extend_schema(request=None, responses=PublishedVideoRow)
    def unpublish(self, request: Request, video_id: int) -> Response:
        """Take a video out of the gallery; harmless when it is not there."""
        video = find_video(user=request.user, video_id=video_id)
        services.unpublish(video)
        return ok(published_video_row(video, None), "Video unpublished successfully")
