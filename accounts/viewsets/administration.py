"""Users as staff see them, across tenants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.models import User
from accounts.rows import LISTED, AdministeredUserRow, ListedUserRow, UserRow, administered_row, listed_row, user_row
from accounts.serializers import OwnPasswordSerializer, UserDataSerializer, UserIdSerializer
from accounts.services.figures import user_figures
from config.api.envelope import ok
from config.api.filters import Bool, Choice, DateTime, Int, ListSpec, Str
from config.api.permissions import IsAdministrator
from config.api.views import APIViewSet, parse


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

    @extend_schema(responses=Sequence[ListedUserRow])
    def list(self, request: Request) -> Response:
        return self.list_response(
            request, User.objects.values(*LISTED), row=listed_row, message="Users retrieved successfully"
        )

    @extend_schema(responses=UserRow)
    def retrieve(self, request: Request, user_id: int) -> Response:
        return ok(user_row(services.find_user(user_id)), "User retrieved successfully")


class AdministrationViewSet(APIViewSet):
    """Document A's user management."""

    permissions: ClassVar = {
        "list": [IsAdministrator],
        "reset_password": [IsAdministrator],
        "change_data": [IsAdministrator],
        "change_password": [IsAdministrator],
    }
    lists: ClassVar = {"list": UserList}

    @extend_schema(responses=Sequence[AdministeredUserRow])
    def list(self, request: Request) -> Response:
        """Everybody, with what they have: videos, jobs and credits."""
        found = User.objects.select_related("tenant")
        answer = self.list_response(request, found, message="Users retrieved successfully")
        page = answer.data["data"]
        figures = user_figures([user.pk for user in page["items"]])
        page["items"] = [administered_row(user, figures[user.pk]) for user in page["items"]]
        return answer

    @extend_schema(request=UserIdSerializer, responses=None)
    def reset_password(self, request: Request) -> Response:
        """Mails a reset link and ends the user's sessions."""
        user = services.find_user(parse(UserIdSerializer, request)["id"])
        services.require_reset(staff=request.user, user=user)
        return ok(None, "Password reset link sent successfully")

    @extend_schema(request=UserDataSerializer, responses=UserRow)
    def change_data(self, request: Request) -> Response:
        changes = parse(UserDataSerializer, request)
        user = services.change_user_data(
            staff=request.user,
            user_id=changes.pop("id"),
            session=request.auth,
            current_password=changes.pop("current_password", None),
            changes=changes,
        )
        return ok(user_row(user), "User data updated successfully")

    @extend_schema(request=OwnPasswordSerializer, responses=None)
    def change_password(self, request: Request) -> Response:
        """The own password; the other sessions end."""
        values = parse(OwnPasswordSerializer, request)
        services.change_password(
            user=request.user, session=request.auth, current=values["currentPassword"], new=values["newPassword"]
        )
        return ok(None, "Password changed successfully")
