"""Three faces of one account: A version 1, A version 2, B."""

from django.urls import path

from accounts.viewsets import AccountViewSet, NamedAccountViewSet
from accounts.viewsets_admin import StaffUserViewSet

_me = {"get": "me", "post": "update_me", "patch": "update_me"}

urlpatterns = [
    path("auth/register", AccountViewSet.as_view({"post": "register"})),
    path("auth/login", AccountViewSet.as_view({"post": "login"})),
    path("auth/refresh", AccountViewSet.as_view({"post": "refresh"})),
    path("auth/logout", AccountViewSet.as_view({"post": "logout"})),
    path("auth/me", AccountViewSet.as_view(_me)),
    path("v2/register", AccountViewSet.as_view({"post": "register"})),
    path("v2/login", AccountViewSet.as_view({"post": "login"})),
    path("v2/refresh", AccountViewSet.as_view({"post": "refresh"})),
    path("v2/logout", AccountViewSet.as_view({"post": "logout"})),
    path("v2/me", AccountViewSet.as_view(_me)),
    path("register", NamedAccountViewSet.as_view({"post": "register"})),
    path("login", NamedAccountViewSet.as_view({"post": "login"})),
    path("logout", NamedAccountViewSet.as_view({"post": "logout"})),
    path("me", NamedAccountViewSet.as_view(_me)),
    path("admin/users", StaffUserViewSet.as_view({"get": "list"})),
    path("admin/users/<int:user_id>", StaffUserViewSet.as_view({"get": "retrieve"})),
]
