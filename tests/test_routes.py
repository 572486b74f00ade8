"""What every route has in common: true Allow headers, preflights, headers that protect browsers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
SAMPLES = {"int": "1", "uuid": "8a7b5a5e-1c4c-4ce8-9a9b-0d1f3d0a6a10", "slug": "x", "str": "x"}
ORIGIN = "https://app.example.com"


def paths(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    """A path of every route but those of the staff's sites."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver) and pattern.app_name in ("admin", "django_rq"):
            continue
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from paths(pattern, route)
        elif isinstance(pattern, URLPattern) and "^" not in route:
            yield "/" + re.sub(r"<(\w+):\w+>", lambda match: SAMPLES[match[1]], route)


PATHS = sorted(set(paths()))
API = [path for path in PATHS if re.match("/(api|status)/", path)]


@pytest.fixture(autouse=True)
def as_in_production(settings: Any) -> None:
    settings.THROTTLES = {}
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]


def test_there_are_routes() -> None:
    assert len(PATHS) > 130
    assert len(API) > 120


def test_a_405_tells_what_is_allowed(client: Client) -> None:
    wrong = {}
    for path in PATHS:
        refused = {method: client.generic(method, path) for method in METHODS}
        refused = {method: answer for method, answer in refused.items() if answer.status_code == 405}
        taken = {method for method in METHODS if method not in refused}
        for method, answer in refused.items():
            told = set(re.split(r",\s*", answer.get("Allow", "")))
            if told != taken:
                wrong[f"{method} {path}"] = (told, taken)
    assert wrong == {}


def test_every_answer_protects_browsers(client: Client) -> None:
    wanted = ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Content-Security-Policy", "X-Request-ID")
    lacking = {}
    for path in [
        *PATHS,
        "/",
        "/nowhere",
        "/api/nowhere",
        "/api/%00",
        "/admin/",
        "/admin/login/",
        "/static/nowhere.css",
    ]:
        answer = client.get(path)
        missing = [name for name in wanted if name not in answer]
        if missing or "'unsafe" in answer["Content-Security-Policy"].replace("style-src 'self' 'unsafe-inline'", ""):
            lacking[path] = (answer.status_code, missing, answer.get("Content-Security-Policy"))
    assert lacking == {}


def test_data_runs_nothing_in_a_browser(anonymous: APIClient) -> None:
    answer = anonymous.get("/api/csrf-token")
    assert answer["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize("page", ["/reset-password", "/verify-email", "/invitation"])
def test_account_pages_run_our_own_scripts_alone(client: Client, page: str) -> None:
    policy = client.get(page)["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_preflights_of_every_route_need_no_credentials(client: Client) -> None:
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    for path in API:
        answer = client.options(path, headers=headers)
        assert (path, answer.status_code) == (path, 200)
        assert answer["Access-Control-Allow-Origin"] == ORIGIN
        assert "Access-Control-Allow-Credentials" not in answer
        assert {"PATCH", "DELETE", "PUT"} <= set(answer["Access-Control-Allow-Methods"].split(", "))
        allowed = answer["Access-Control-Allow-Headers"].split(", ")
        assert {"authorization", "content-type", "idempotency-key", "range"} <= set(allowed)


def test_an_allowed_origin_reads_answers_and_their_headers(client: Client) -> None:
    for path, status in {
        "/api/csrf-token": 200,
        "/api/me": 401,
        "/api/nowhere": 404,
        "/api/gallery?page=0": 422,
    }.items():
        answer = client.get(path, headers={"Origin": ORIGIN})
        assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (status, ORIGIN)
        exposed = set(answer["Access-Control-Expose-Headers"].split(", "))
        wanted = {"X-Request-ID", "Retry-After", "Content-Range", "Accept-Ranges", "Idempotency-Replayed", "ETag"}
        assert wanted <= exposed
        assert "origin" in answer["Vary"].lower()


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", "http://app.example.com", ORIGIN + ".evil.com"])
def test_no_other_origin_is_told_anything(client: Client, origin: str) -> None:
    preflight = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    for answer in (
        client.get("/api/csrf-token", headers={"Origin": origin}),
        client.options("/api/csrf-token", headers=preflight),
    ):
        assert "Access-Control-Allow-Origin" not in answer


def test_the_staffs_site_is_no_ones(client: Client) -> None:
    assert "Access-Control-Allow-Origin" not in client.get("/admin/login/", headers={"Origin": ORIGIN})


def test_no_origin_is_allowed_unless_the_environment_says_so() -> None:
    from config.settings import browsers

    assert browsers.CORS_ALLOWED_ORIGINS == []


def test_lists_answer_conditional_requests(client: Client) -> None:
    answer = client.get("/api/gallery")
    again = client.get("/api/gallery", headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", answer["ETag"])
    assert client.get("/api/gallery", headers={"If-None-Match": '"another"'}).status_code == 200


@pytest.mark.parametrize("asked", ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=999999-", "bytes=0-0,2-2"])
def test_static_files_are_served_whole(client: Client, asked: str) -> None:
    whole = client.get("/static/account/page.css")
    answer = client.get("/static/account/page.css", headers={"Range": asked})
    assert (answer.status_code, answer.getvalue()) == (200, whole.getvalue())
    assert client.get("/static/account/page.css", headers={"If-None-Match": f'"a", {whole["ETag"]}'}).status_code == 304
