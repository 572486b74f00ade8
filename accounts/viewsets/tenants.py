"""The caller's workspace and its members, and the caller's rights over the own data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import HttpResponseBase, HttpResponseRedirect
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.middleware import device_of
from accounts.models import User
from accounts.permissions import TenantOwner
from accounts.rows import (
    DataRequestRow,
    InvitationRow,
    LoginAnswer,
    MemberRow,
    invitation_row,
    login_row,
    member_row,
    request_row,
)
from accounts.serializers import MISMATCH, CurrentPasswordField
from accounts.services import members, personal_data
from accounts.services.members import WorkspaceRow
from accounts.services.passwords import check_new_password
from config.api.envelope import ok
from config.api.errors import refuse
from config.api.permissions import Authenticated, Public
from config.api.serializers import ThoroughSerializer, Values
from config.api.views import APIViewSet, parse
from config.platform.file_responses import file_response


class TenantNameSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=255)


class RoleSerializer(serializers.Serializer):
    role = serializers.ChoiceField(User.TenantRole.choices)


class InviteSerializer(ThoroughSerializer):
    email = serializers.EmailField(max_length=255)
    role = serializers.ChoiceField(User.TenantRole.choices, default=User.TenantRole.MEMBER)

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
        if "email" in values:
            yield partial(members.check_invitee, owner=self.context["request"].user, email=values["email"])


class AcceptSerializer(ThoroughSerializer):
    token = serializers.CharField(max_length=1024)
    name = serializers.CharField(required=False, max_length=255)
    password = serializers.CharField(min_length=8, max_length=255, trim_whitespace=False)
    password_confirmation = serializers.CharField(max_length=255, trim_whitespace=False)

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
        if "password" in values:
            if values.get("password_confirmation", values["password"]) != values["password"]:
                yield partial(refuse, "password_confirmation", MISMATCH)
            yield partial(check_new_password, values["password"], User(name=values.get("name", "")))

    def validate(self, values: Values) -> Values:
        values.pop("password_confirmation")
        return values


class DeletionSerializer(serializers.Serializer):
    password = serializers.CharField(required=False, max_length=255, trim_whitespace=False)
    current_password = CurrentPasswordField(help_text="Another name of password.")
    email = serializers.EmailField(required=False, max_length=255, help_text="For accounts without a password.")


class TenantViewSet(APIViewSet):
    permissions: ClassVar = {
        "retrieve": [Authenticated],
        "update": [TenantOwner],
        "members": [Authenticated],
        "change_member": [TenantOwner],
        "remove_member": [TenantOwner],
        "invitations": [TenantOwner],
        "invite": [TenantOwner],
        "withdraw": [TenantOwner],
        "accept": [Public],
    }
    anonymous: ClassVar = {"accept"}
    throttles: ClassVar = {"invite": "reset", "accept": "register"}

    @extend_schema(responses=WorkspaceRow)
    def retrieve(self, request: Request) -> Response:
        return ok(members.tenant_summary(request.user), "Tenant retrieved successfully")

    @extend_schema(request=TenantNameSerializer, responses=WorkspaceRow)
    def update(self, request: Request) -> Response:
        members.rename_tenant(owner=request.user, **parse(TenantNameSerializer, request))
        return ok(members.tenant_summary(request.user), "Tenant updated successfully")

    @extend_schema(responses=Sequence[MemberRow])
    def members(self, request: Request) -> Response:
        return ok([member_row(user) for user in members.members_of(request.user)], "Members retrieved successfully")

    @extend_schema(request=RoleSerializer, responses=MemberRow)
    def change_member(self, request: Request, user_id: int) -> Response:
        values = parse(RoleSerializer, request)
        member = members.change_member(owner=request.user, user_id=user_id, role=values["role"])
        return ok(member_row(member), "Member updated successfully")

    @extend_schema(request=None, responses=None)
    def remove_member(self, request: Request, user_id: int) -> Response:
        members.remove_member(owner=request.user, user_id=user_id)
        return ok(None, "Member removed successfully")

    @extend_schema(responses=Sequence[InvitationRow])
    def invitations(self, request: Request) -> Response:
        rows = [invitation_row(found) for found in members.open_invitations(request.user)]
        return ok(rows, "Invitations retrieved successfully")

    @extend_schema(request=InviteSerializer, responses={201: InvitationRow})
    def invite(self, request: Request) -> Response:
        invitation = members.invite(owner=request.user, **parse(InviteSerializer, request))
        return ok(invitation_row(invitation), "Invitation sent successfully", status=201)

    @extend_schema(request=None, responses=None)
    def withdraw(self, request: Request, invitation_id: int) -> Response:
        members.withdraw_invitation(owner=request.user, invitation_id=invitation_id)
        return ok(None, "Invitation withdrawn successfully")

    @extend_schema(request=AcceptSerializer, responses=LoginAnswer)
    def accept(self, request: Request) -> Response:
        user, tokens = members.accept_invitation(**parse(AcceptSerializer, request), device=device_of(request))
        return ok(login_row(user, tokens), "Invitation accepted successfully")


class PersonalDataViewSet(APIViewSet):
    permissions: ClassVar = {
        "requests": [Authenticated],
        "export": [Authenticated],
        "download": [Authenticated],
        "end": [Authenticated],
    }

    @extend_schema(responses=Sequence[DataRequestRow])
    def requests(self, request: Request) -> Response:
        rows = [request_row(found) for found in request.user.data_requests.all()[:20]]
        return ok(rows, "Data requests retrieved successfully")

    @extend_schema(request=None, responses={202: DataRequestRow})
    def export(self, request: Request) -> Response:
        """A copy of everything that is yours; a mail tells when it is ready."""
        return ok(request_row(personal_data.request_export(user=request.user)), "Export requested", status=202)

    @extend_schema(
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            (206, "application/zip"): OpenApiTypes.BINARY,
            302: None,
            304: None,
            416: None,
        }
    )
    def download(self, request: Request, request_id: UUID) -> HttpResponseBase:
        """The copy: a ZIP of data.json and your files. Where files lie in a bucket, a redirect to its signed link."""
        export = personal_data.find_export(user=request.user, request_id=request_id)
        if settings.S3_BUCKET:
            saved_as = {"ResponseContentDisposition": 'attachment; filename="my-data.zip"'}
            bucket: Any = default_storage
            return HttpResponseRedirect(bucket.url(export.file, parameters=saved_as))
        return file_response(
            request,
            storage_key=export.file,
            size=default_storage.size(export.file),
            mime_type="application/zip",
            etag=export.pk.hex,
            cache_control="private, no-store",
            filename="my-data.zip",
            attachment=True,
        )

    @extend_schema(request=DeletionSerializer, responses={202: DataRequestRow})
    def end(self, request: Request) -> Response:
        """Ends the account at once; its data follows within minutes."""
        values = parse(DeletionSerializer, request)
        asked = personal_data.request_deletion(
            user=request.user,
            session=request.auth,
            password=values.get("password") or values.get("current_password"),
            confirmation=values.get("email"),
        )
        return ok(request_row(asked), "Account deletion requested", status=202)
