"""The Authorization header, by RFC 7235 and RFC 6750."""

from typing import Any

import pytest

from accounts.services import Device, open_session


@pytest.fixture
def token(user: Any) -> str:
    return open_session(user=user, device=Device()).access


@pytest.mark.parametrize("header", ["Bearer {}", "bearer {}", "BEARER {}", "Bearer   {} "])
def test_the_scheme_is_read_in_any_case(client: Any, token: str, header: str) -> None:
    assert client.get("/api/records/1", headers={"Authorization": header.format(token)}).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "bearer ",
        "Bearer {} {}",
        "Bearer {}, Bearer {}",
        'Bearer "{}"',
        "Bearer a.b.c",
        "Bearer \xff",
        "Bearer €",
    ],
)
def test_an_odd_token_is_told_to_be_one(client: Any, token: str, header: str) -> None:
    answer = client.get("/api/records/1", headers={"Authorization": header.replace("{}", token)})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith('Bearer realm="api", error="invalid_token", error_description="')
    assert answer["WWW-Authenticate"].count('"') == 6


@pytest.mark.parametrize("header", ["", "Basic YTpi", "Negotiate x", "\xff"])
def test_without_a_token_there_is_nothing_wrong_with_it(client: Any, db: None, header: str) -> None:
    answer = client.get("/api/records/1", headers={"Authorization": header})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
