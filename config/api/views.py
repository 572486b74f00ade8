"""The base classes of every view in the project.

A viewset author declares, per action, who may call it and, where it applies, its throttle and list grammar::

    class VideoViewSet(APIViewSet):
        permissions = {"list": [Authenticated], "retrieve": [Authenticated], "create": [Authenticated]}
        throttles = {"create": "upload"}
        lists = {"list": VideoList}

        @extend_schema(responses=Sequence[VideoRow])
        def list(self, request):
            return self.list_response(
                request, Video.objects.values(*VIDEO_COLUMNS), row=video_row, message="Videos retrieved successfully"
            )

        @extend_schema(request=SubmitSerializer, responses={201: VideoRow})
        @idempotent
        def create(self, request):
            values = parse(SubmitSerializer, request)
            return ok(video_row(create_video(user=request.user, **values)), "Video created", status=201)

``APIView`` is the same with HTTP methods (``get``, ``post``) as its action names; no action of a viewset may be called
like one, because it would answer that method unasked. Services raise
``config.api.errors``; views never catch.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import ClassVar, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from rest_framework import views, viewsets
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.bodies import parse as parse
from config.api.envelope import ok
from config.api.filters import ListSpec
from config.api.pagination import list_page
from config.api.permissions import Nobody
from config.api.throttling import ScopeThrottle

M = TypeVar("M", bound=Model)
R = TypeVar("R")


class DeclaredActions(views.APIView):
    """What both bases share: every action names its permissions; nothing declared means nobody."""

    permissions: ClassVar[Mapping[str, Sequence[type[BasePermission]]]] = {}
    """action -> permission classes, all of which must agree."""

    throttles: ClassVar[Mapping[str, str]] = {}
    """action -> scope of ``settings.THROTTLES``; the others count as ``api``."""

    lists: ClassVar[Mapping[str, type[ListSpec]]] = {}
    """action -> what its list can be filtered, searched and ordered by."""

    anonymous: ClassVar[Collection[str]] = ()
    """Actions that ignore credentials: whoever logs in may still send the stale token it wants to replace."""

    http_method_names: ClassVar[list[str]] = ["get", "post", "put", "patch", "delete", "head"]

    def initialize_request(self, request: HttpRequest, *args: object, **kwargs: object) -> Request:
        # The schema generator comes here with a view that has no request yet, and get_authenticators needs one.
        self.request = request
        return super().initialize_request(request, *args, **kwargs)

    def get_permissions(self) -> list[BasePermission]:
        action = self.declared_action()
        # Refused here and not by the lack of a handler: an attribute that happens to bear the method's name is none.
        if action is None:
            raise MethodNotAllowed(self.request.method or "")
        return [permission() for permission in self.permissions.get(action, [Nobody])]

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [] if self.declared_action() in self.anonymous else super().get_authenticators()

    def get_throttles(self) -> list[ScopeThrottle]:
        return [ScopeThrottle(self.throttles.get(self.declared_action() or "", "api"))]

    def declared_action(self) -> str | None:
        raise TypeError(f"{type(self).__name__} is neither an APIView nor an APIViewSet")

    def list_response(
        self,
        request: Request,
        queryset: QuerySet[M, R],
        spec: type[ListSpec] | None = None,
        *,
        columns: Sequence[str] = (),
        row: Callable[..., object] | None = None,
        message: str = "Resources retrieved successfully",
        count_key: str | None = None,
    ) -> Response:
        """One page of ``queryset`` in the list grammar.

        spec: the action's entry in ``lists`` unless given. columns: see ``list_page``. row: what makes an item of one
        queryset row; ``values()`` need none. count_key: see ``ListSpec.count_ttl``.
        """
        spec = spec or self.lists[self.declared_action() or ""]
        return ok(
            list_page(request.query_params, queryset, spec, columns=columns, row=row, count_key=count_key), message
        )


class APIView(DeclaredActions):
    def declared_action(self) -> str | None:
        method = (self.request.method or "").lower()
        method = "get" if method == "head" else method
        return method if method in self.http_method_names and hasattr(self, method) else None


class APIViewSet(DeclaredActions, viewsets.ViewSet):
    def declared_action(self) -> str | None:
        # Not self.action, which is set only after the authenticators are chosen.
        return self.action_map.get((self.request.method or "").lower())

    @property
    def allowed_methods(self) -> list[str]:
        """What the route serves; the framework would look for attributes of the methods\x27 names."""
        return sorted(method.upper() for method in self.action_map if method in self.http_method_names)
