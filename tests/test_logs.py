"""What stands on a log line, and what never does."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from config.platform.logs import ContextFilter, JsonFormatter, LineFormatter, current_request_id, log_context
from tests.fixtures import PASSWORD, UserFactory
from tests.web_server import WebServer

LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING|ERROR) [\w.]+ request=[\w.-]+( \w+=\S+)*: .+"
)
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzZXNzaW9uIjoiMSJ9.2Hn8mJrFIVrI0tPKJ2bVXd6Q"
SIGNED = "eyJmIjo3fQ:1tKx9a:Zk3v5rV0q1mF8s2JbXy7Lw4nQeTgUaHcRiDpOoN6M_E"


@pytest.fixture(params=[LineFormatter, JsonFormatter])
def written(request: pytest.FixtureRequest) -> Iterator[Callable[[], list[str]]]:
    """What the root logger's lines are, in each format."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(request.param())
    handler.addFilter(ContextFilter())
    logging.root.addHandler(handler)
    yield lambda: stream.getvalue().splitlines()
    logging.root.removeHandler(handler)


def told(line: str) -> dict[str, str]:
    """The time, level and context of a line in either format."""
    if line.startswith("{"):
        fields = json.loads(line)
        return {**{name: str(value) for name, value in fields.items()}, "request_id": fields.get("request_id", "-")}
    assert LINE.fullmatch(line), line
    head, message = line.split(": ", 1)
    time, level, logger, *context = head.split(" ")
    named = dict(word.split("=", 1) for word in context)
    return {
        "time": time,
        "level": level,
        "logger": logger,
        "message": message,
        "request_id": named.pop("request"),
        **named,
    }


def test_a_line_says_when_how_bad_and_what_for(written: Callable[[], list[str]]) -> None:
    with log_context(request_id="r-1", job=7, user=None):
        logging.getLogger("studio.worker").warning("Frame %s is late", 3)
        assert current_request_id() == "r-1"
    logging.getLogger("studio.worker").warning("nobody asked")
    first, second = map(told, written())
    assert (first["level"], first["logger"], first["message"]) == ("WARNING", "studio.worker", "Frame 3 is late")
    assert (first["request_id"], first["job"], second["request_id"]) == ("r-1", "7", "-")
    assert "user" not in first
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z", first["time"])
    assert current_request_id() is None


def test_no_line_tells_an_address_or_a_secret(written: Callable[[], list[str]]) -> None:
    logger = logging.getLogger("anything")
    try:
        raise ValueError(f"could not mail ada@example.com, postgres://studio:hunter2@db:5432/studio, {TOKEN}")
    except ValueError:
        logger.exception("PUT https://s3.example/b/k?X-Amz-Signature=abcdef01&x=1 and /files/%s/a.mp4", SIGNED)
    logger.warning("GET /reset-password?token=cx1-0f2e&next=1 Bearer %s", TOKEN)
    text = "\n".join(written())
    for secret in ("ada@example.com", "hunter2", TOKEN, SIGNED, "abcdef01", "cx1-0f2e"):
        assert secret not in text
    for kept in ("could not mail", "https://s3.example/b/k?", "a.mp4", "next=1"):
        assert kept in text


@pytest.mark.django_db
def test_every_answer_has_a_line_with_who_asked(
    written: Callable[[], list[str]], make_user: UserFactory, client_of: Callable[[User], APIClient]
) -> None:
    user = make_user()
    answer = client_of(user).get("/api/me?search=private", headers={"X-Request-ID": "mine-1"})
    (line,) = [line for line in written() if "/api/me" in line]
    seen = told(line)
    assert (seen["logger"], seen["request_id"], seen["user"]) == ("access", "mine-1", str(user.pk))
    assert seen["tenant"] == str(user.tenant_id)
    assert re.fullmatch(rf"GET /api/me 200 [\d.]+ ms {len(answer.content)} bytes", seen["message"])


@pytest.mark.django_db
def test_refusals_and_unknown_links_have_one_line_without_the_link(
    written: Callable[[], list[str]], client: Client
) -> None:
    client.get(f"/files/{SIGNED}/clip.mp4")
    client.post("/api/login", {"email": "ada@example.com", "password": PASSWORD})
    client.get("/api/ada@example.com\n2026-01-01T00:00:00.000Z forged")
    lines = [told(line) for line in written()]
    assert [line["logger"] for line in lines] == ["access"] * 3
    assert [line["message"].split(" ")[:3] for line in lines] == [
        ["GET", "/files/***/clip.mp4", "404"],
        ["POST", "/api/login", "401"],
        ["GET", "/api/***", "404"],
    ]


@pytest.mark.django_db
def test_the_access_log_can_be_turned_off(written: Callable[[], list[str]], settings: object) -> None:
    settings.ACCESS_LOG = False  # type: ignore[attr-defined]
    assert Client().get("/api/csrf-token").status_code == 200
    assert written() == []


def test_what_is_refused_before_django_has_an_id_and_a_line_too(
    django_db_setup: None, capfd: pytest.CaptureFixture[str]
) -> None:
    head = "POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\nX-Request-ID: mine-2\r\n\r\n"
    with WebServer() as server, server.connect() as connection:
        answer = connection.send(head.encode()).decode()
    assert answer.startswith("HTTP/1.1 413")
    assert "x-request-id: mine-2" in answer.lower()
    assert re.search(r"INFO access request=mine-2: POST /api/login 413 [\d.]+ ms \d+ bytes", capfd.readouterr().err)
