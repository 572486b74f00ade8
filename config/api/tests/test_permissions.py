"""Closed by default, and told at start-up."""

from typing import ClassVar

import pytest
from django.urls import path
from rest_framework import views

from config.api.checks import check_declared_actions
from config.api.envelope import ok
from config.api.permissions import Public
from config.api.views import APIView, APIViewSet


class ForgetfulViewSet(APIViewSet):
    permissions: ClassVar = {"list": [Public]}

    def list(self, request):
        return ok()

    def create(self, request):
        return ok()


class ForgetfulView(APIView):
    def get(self, request):
        return ok()


class EmptyView(APIView):
    permissions: ClassVar = {"get": []}

    def get(self, request):
        return ok()


class MistypedView(APIView):
    permissions: ClassVar = {"get": [Public], "psot": [Public]}
    throttles: ClassVar = {"get": "nonsense"}

    def get(self, request):
        return ok()


class ForeignView(views.APIView):
    def get(self, request):
        return ok()


class MisnamedViewSet(APIViewSet):
    permissions: ClassVar = {"list": [Public], "delete": [Public], "initial": [Public]}

    def list(self, request):
        return ok()

    def delete(self, request):
        raise AssertionError("nobody routed this method")

    def initial(self, request):
        return super().initial(request)


class Routes:
    """A URLconf of the given patterns."""

    def __init__(self, *patterns):
        self.urlpatterns = patterns


def problems(settings, *patterns):
    settings.ROOT_URLCONF = Routes(*patterns)
    return [(error.id, error.msg.rpartition("tests.test_permissions.")[2]) for error in check_declared_actions()]


def test_declared_views_pass(settings):
    settings.THROTTLES = {"api": "9/min", "login": "9/min"}
    assert check_declared_actions() == []


@pytest.mark.parametrize(
    ("view", "found"),
    [
        (
            ForgetfulViewSet.as_view({"get": "list", "post": "create"}),
            [("api.E002", "ForgetfulViewSet.create declares no permission.")],
        ),
        (ForgetfulViewSet.as_view({"get": "list"}), []),
        (
            MisnamedViewSet.as_view({"get": "list", "post": "delete"}),
            [("api.E005", "MisnamedViewSet.delete is called like an HTTP method, and would answer it.")],
        ),
        (
            MisnamedViewSet.as_view({"get": "list", "post": "initial"}),
            [
                ("api.E005", "MisnamedViewSet.delete is called like an HTTP method, and would answer it."),
                ("api.E006", "MisnamedViewSet.initial hides what every viewset has by that name."),
            ],
        ),
        (ForgetfulView.as_view(), [("api.E002", "ForgetfulView.get declares no permission.")]),
        (EmptyView.as_view(), [("api.E002", "EmptyView.get declares no permission.")]),
        (
            ForeignView.as_view(),
            [("api.E001", "ForeignView is not built on config.api.views, so its permissions are undeclared.")],
        ),
        (
            MistypedView.as_view(),
            [
                ("api.E003", "MistypedView declares something for 'psot', which it does not have."),
                ("api.E004", "MistypedView uses the throttle scope 'nonsense', which has no rate."),
            ],
        ),
    ],
)
def test_undeclared_views_fail_the_check(settings, view, found):
    settings.THROTTLES = {"api": "9/min"}
    assert problems(settings, path("api/x", view)) == found


def test_undeclared_action_is_closed_at_run_time(settings, signed_in):
    settings.ROOT_URLCONF = Routes(path("api/x", ForgetfulViewSet.as_view({"get": "list", "post": "create"})))
    assert signed_in.get("/api/x").status_code == 200
    response = signed_in.post("/api/x")
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")


def test_an_action_called_like_a_method_does_not_answer_it(settings, signed_in):
    settings.ROOT_URLCONF = Routes(path("api/x", MisnamedViewSet.as_view({"get": "list", "post": "delete"})))
    response = signed_in.delete("/api/x")
    assert response.status_code == 405
    assert "DELETE" not in response.headers["Allow"]


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        (0, "/api/records/1", 200),
        (0, "/api/records/administrate", 403),
        (1, "/api/records/administrate", 200),
        (1, "/api/records/reign", 403),
        (2, "/api/records/reign", 200),
    ],
)
def test_roles(signed_in, user, role, path, status):
    user.role = role
    assert signed_in.get(path).status_code == status


@pytest.mark.parametrize("path", ["/api/records/1", "/api/records/administrate", "/api/records/reign"])
def test_anonymous_gets_a_challenge(client, db, path):
    response = client.get(path)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert (response.json()["success"], response.json()["code"]) == (False, "unauthenticated")


def test_bad_token_is_refused_even_where_all_may_come(client, db):
    response = client.get("/api/records", headers={"Authorization": "Bearer nonsense"})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_bad_token_does_not_keep_from_logging_in(client, db):
    response = client.post("/api/login", headers={"Authorization": "Bearer nonsense"})
    assert response.json()["data"] == {"anonymous": True}


def test_exact_camel_case_route(signed_in):
    assert signed_in.post("/api/cancelJob/7").json()["data"] == {"video_id": 7}
    assert signed_in.post("/api/cancelJob/7/").status_code == 404
    assert signed_in.post("/api/canceljob/7").status_code == 404
