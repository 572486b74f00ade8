"""Three faces of one account: A version 1, A version 2, B."""

from django.urls import path

from accounts.viewsets.accounts import AccountViewSet, NamedAccountViewSet, SessionViewSet
from accounts.viewsets.administration import AdministrationViewSet, StaffUserViewSet
from accounts.viewsets.events import EventStreamView
from accounts.viewsets.signing_in import SecondFactorViewSet, SocialLoginViewSet
from accounts.viewsets.tenants import PersonalDataViewSet, TenantViewSet

_me = {"get": "me", "post": "update_me", "patch": "update_me"}

urlpatterns = [
    path("auth/register", AccountViewSet.as_view({"post": "register"})),
    path("auth/login", AccountViewSet.as_view({"post": "login"})),
    path("auth/refresh", AccountViewSet.as_view({"post": "refresh"})),
    path("auth/logout", AccountViewSet.as_view({"post": "logout"})),
    path("auth/me", AccountViewSet.as_view(_me)),
    path("auth/forgot-password", AccountViewSet.as_view({"post": "forgot_password"})),
    path("auth/reset-password", AccountViewSet.as_view({"post": "reset_password"})),
    path("auth/verify-email", AccountViewSet.as_view({"post": "verify_email"})),
    path("auth/resend-verification", AccountViewSet.as_view({"post": "resend_verification"})),
    path("auth/sessions", SessionViewSet.as_view({"get": "list", "delete": "revoke_all"})),
    path("auth/sessions/<uuid:session_id>", SessionViewSet.as_view({"delete": "revoke"})),
    path("auth/two-factor", SecondFactorViewSet.as_view({"get": "status"})),
    path("auth/two-factor/enable", SecondFactorViewSet.as_view({"post": "enable"})),
    path("auth/two-factor/confirm", SecondFactorViewSet.as_view({"post": "confirm"})),
    path("auth/two-factor/disable", SecondFactorViewSet.as_view({"post": "disable"})),
    path("auth/two-factor/login", SecondFactorViewSet.as_view({"post": "login"})),
    path("v2/register", AccountViewSet.as_view({"post": "register"})),
    path("v2/login", AccountViewSet.as_view({"post": "login"})),
    path("v2/refresh", AccountViewSet.as_view({"post": "refresh"})),
    path("v2/logout", AccountViewSet.as_view({"post": "logout"})),
    path("v2/me", AccountViewSet.as_view(_me)),
    path("v2/password-forgot", AccountViewSet.as_view({"post": "forgot_password"})),
    path("v2/password-reset", AccountViewSet.as_view({"post": "reset_password"})),
    path("v2/verify-email", AccountViewSet.as_view({"post": "verify_email"})),
    path("register", NamedAccountViewSet.as_view({"post": "register"})),
    path("login", NamedAccountViewSet.as_view({"post": "login"})),
    path("logout", NamedAccountViewSet.as_view({"post": "logout"})),
    path("me", NamedAccountViewSet.as_view(_me)),
    path("events", EventStreamView.as_view()),
    path("me/export", PersonalDataViewSet.as_view({"get": "requests", "post": "export"})),
    path("me/export/<uuid:request_id>", PersonalDataViewSet.as_view({"get": "download"})),
    path("me/delete", PersonalDataViewSet.as_view({"post": "end"})),
    path("tenant", TenantViewSet.as_view({"get": "retrieve", "patch": "update"})),
    path("tenant/members", TenantViewSet.as_view({"get": "members"})),
    path(
        "tenant/members/<int:user_id>",
        TenantViewSet.as_view({"patch": "change_member", "delete": "remove_member"}),
    ),
    path("tenant/invitations", TenantViewSet.as_view({"get": "invitations", "post": "invite"})),
    path("tenant/invitations/<int:invitation_id>", TenantViewSet.as_view({"delete": "withdraw"})),
    path("tenant/invitations/accept", TenantViewSet.as_view({"post": "accept"})),
    path("administration/users", AdministrationViewSet.as_view({"get": "list"})),
    path("administration/admin-reset-user-password", AdministrationViewSet.as_view({"patch": "reset_password"})),
    path("administration/change-user-data", AdministrationViewSet.as_view({"patch": "change_data"})),
    path("administration/change-password", AdministrationViewSet.as_view({"patch": "change_password"})),
    path("admin/users", StaffUserViewSet.as_view({"get": "list"})),
    path("admin/users/<int:user_id>", StaffUserViewSet.as_view({"get": "retrieve"})),
    path("<slug:provider>/auth", SocialLoginViewSet.as_view({"get": "begin"})),
    path("<slug:provider>/callback", SocialLoginViewSet.as_view({"get": "callback"})),
]
