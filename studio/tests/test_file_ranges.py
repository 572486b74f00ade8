"""Parts of files and conditional requests, by RFC 9110."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils.http import http_date

from studio.models import MediaFile
from studio.services.files.store import file_url

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(client: Client, stored: MediaFile) -> Any:
    def ask(method: str = "GET", **headers: str) -> Any:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.generic(method, file_url(stored), headers=sent)

    return ask


@pytest.fixture
def etag(stored: MediaFile) -> str:
    return f'"{stored.sha256}"'


@pytest.fixture
def date(stored: MediaFile) -> str:
    return http_date(default_storage.get_modified_time(stored.storage_key).timestamp())


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-", 0, None),
        ("bytes=0-{last}", 0, None),
        ("bytes=0-{size}", 0, None),
        ("bytes=0-0", 0, 1),
        ("bytes={last}-{last}", -1, None),
        ("bytes={last}-", -1, None),
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, None),
        ("bytes=-50", -50, None),
        ("bytes=-1", -1, None),
        ("bytes=-999999999", 0, None),
        ("bytes=10-999999999", 10, None),
        ("bytes=10-99999999999999999999999999", 10, None),
        ("Bytes=0-99", 0, 100),
        ("bytes= 0-99 ", 0, 100),
    ],
)
def test_a_part(ask: Any, content: bytes, asked: str, start: int, stop: int | None) -> None:
    answer = ask(range=asked.format(size=len(content), last=len(content) - 1))
    assert (answer.status_code, answer.getvalue()) == (206, content[start:stop])
    first = start % len(content)
    length = len(content[start:stop])
    assert answer["Content-Range"] == f"bytes {first}-{first + length - 1}/{len(content)}"
    assert answer["Content-Length"] == str(length)
    assert answer["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    "asked", ["bytes={size}-", "bytes=999999999-", "bytes=99999999999999999999999-", "bytes=5-2", "bytes=-0"]
)
def test_a_part_outside_the_file(ask: Any, content: bytes, asked: str) -> None:
    answer = ask(range=asked.format(size=len(content)))
    assert (answer.status_code, answer.getvalue()) == (416, b"")
    assert answer["Content-Range"] == f"bytes */{len(content)}"


@pytest.mark.parametrize(
    "asked", ["bytes=a-b", "items=0-5", "bytes=0-1,5-6", "bytes=-", "bytes", "bytes=0-1-2", "bytes=\u0660-5", ""]
)
def test_what_we_do_not_speak_gets_the_whole(ask: Any, content: bytes, asked: str) -> None:
    answer = ask(range=asked)
    assert (answer.status_code, answer.getvalue()) == (200, content)
    assert "Content-Range" not in answer


def test_head_tells_of_the_whole_and_knows_no_parts(ask: Any, content: bytes, etag: str) -> None:
    answer = ask("HEAD", range="bytes=0-9")
    assert (answer.status_code, answer.getvalue(), answer["Content-Length"]) == (200, b"", str(len(content)))
    assert "Content-Range" not in answer
    assert ask("HEAD", if_none_match=etag).status_code == 304


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("{etag}", 206),
        ('"another"', 200),
        ("W/{etag}", 200),
        ("{date}", 206),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 200),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 200),
        ("yesterday", 200),
    ],
)
def test_if_range(ask: Any, etag: str, date: str, condition: str, status: int) -> None:
    assert ask(range="bytes=0-9", if_range=condition.format(etag=etag, date=date)).status_code == status


PAST, FUTURE = "Sun, 06 Nov 1994 08:49:37 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({"if_none_match": "{etag}"}, 304),
        ({"if_none_match": "W/{etag}"}, 304),
        ({"if_none_match": '"a", {etag}'}, 304),
        ({"if_none_match": "*"}, 304),
        ({"if_none_match": '"a"'}, 200),
        ({"if_modified_since": "{date}"}, 304),
        ({"if_modified_since": FUTURE}, 304),
        ({"if_modified_since": PAST}, 200),
        ({"if_modified_since": "yesterday"}, 200),
        ({"if_none_match": '"a"', "if_modified_since": "{date}"}, 200),
        ({"if_none_match": "{etag}", "if_modified_since": PAST}, 304),
        ({"if_match": "{etag}"}, 200),
        ({"if_match": "*"}, 200),
        ({"if_match": "W/{etag}"}, 412),
        ({"if_match": '"a"'}, 412),
        ({"if_unmodified_since": PAST}, 412),
        ({"if_unmodified_since": "{date}"}, 200),
        ({"if_match": "{etag}", "if_unmodified_since": PAST}, 200),
        ({"if_match": '"a"', "if_none_match": "{etag}"}, 412),
        ({"if_none_match": "{etag}", "range": "bytes=0-1"}, 304),
        ({"if_match": '"a"', "range": "bytes=0-1"}, 412),
        ({"if_match": "{etag}", "range": "bytes=0-1"}, 206),
        ({"if_none_match": "{etag}", "range": "bytes=999999999-"}, 304),
    ],
)
def test_conditions_in_their_order(ask: Any, etag: str, date: str, conditions: dict[str, str], status: int) -> None:
    sent = {name: value.format(etag=etag, date=date) for name, value in conditions.items()}
    answer = ask(**sent)
    assert answer.status_code == status
    if status == 304:
        assert (answer.getvalue(), answer["ETag"], answer["Last-Modified"]) == (b"", etag, date)
        assert answer["Cache-Control"] == "private, max-age=3600"
