"""Users as staff see them, across tenants."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.serializers import ListedUserSerializer, UserSerializer, user_row
from config.api.envelope import ok
from config.api.errors import NotFound
from config.api.filters import Bool, Choice, DateTime, Int, ListSpec, Str
from config.api.permissions import IsAdministrator
from config.api.views import APIViewSet

_LISTED = ("id", "name", "email", "first_name", "last_name", "created_at")


class UserList(ListSpec):
    filters: ClassVar = {
        "id": Int(),
        "name": Str(),
        "email": Str(),
        "first_name": Str(),
        "last_name": Str(),
        "role": Choice(User.Role),
        "is_active": Bool(),
        "created_at": DateTime(),
    }
    search = ("name", "email", "first_name", "last_name")
    order = ("id", "name", "email", "created_at")


class StaffUserViewSet(APIViewSet):
    permissions: ClassVar = {"list": [IsAdministrator], "retrieve": [IsAdministrator]}
    lists: ClassVar = {"list": UserList}

    @extend_schema(responses=ListedUserSerializer(many=True))
    def list(self, request: Request) -> Response:
        return self.list_response(request, User.objects.values(*_LISTED), message="Users retrieved successfully")

    @extend_schema(responses=UserSerializer)
    def retrieve(self, request: Request, user_id: int) -> Response:
        user = User.objects.select_related("tenant").filter(pk=user_id).first()
        if user is None:
            raise NotFound("User not found")
        return ok(user_row(user), "User retrieved successfully")
