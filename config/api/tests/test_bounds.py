"""What a request may cost before anybody has looked at what it asks for."""

from typing import Any

import pytest

JSON = "application/json"


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k"}])
@pytest.mark.parametrize("path", ["/api/work", "/api/records"])
@pytest.mark.parametrize("depth", [33, 254, 300, 5000])
def test_deep_json_is_refused(signed_in: Any, path: str, key: dict[str, str], depth: int) -> None:
    body = '{"a":' + "[" * depth + "]" * depth + "}"
    answer = signed_in.generic("POST", path, body, JSON, headers=key)
    assert answer.status_code in (400, 422), answer.content
    assert "levels" in str(answer.json()) or answer.json()["code"] == "malformed_json"


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k"}])
def test_json_of_a_million_values_is_refused(signed_in: Any, key: dict[str, str]) -> None:
    body = '{"items": [' + "1," * 999_999 + "1]}"
    answer = signed_in.generic("POST", "/api/records", body, JSON, headers=key)
    assert (answer.status_code, list(answer.json()["data"])) == (422, ["body"])


@pytest.mark.parametrize(
    "body",
    ['{"name": "\\ud800"}', '{"a": NaN}', '{"a": Infinity}', '{"a": 1e400}', '{"a": -1e999999999}', '{"\\udfff": 1}'],
)
def test_what_is_no_json_is_malformed(signed_in: Any, body: str) -> None:
    answer = signed_in.generic("POST", "/api/records", body, JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


@pytest.mark.parametrize("quantity", ["99999999999999999999999", "1e30", '"9999999999999999999999"', '"1e400"'])
def test_a_number_that_no_column_holds_is_named(signed_in: Any, quantity: str) -> None:
    body = f'{{"c_password": "x", "items": [{{"name": "a", "quantity": {quantity}}}]}}'
    answer = signed_in.generic("POST", "/api/records", body, JSON)
    assert (answer.status_code, list(answer.json()["data"])) == (422, ["items.0.quantity"])


def test_thousands_of_parameters_are_refused(signed_in: Any) -> None:
    parameters = "&".join(f"p{number}=1" for number in range(1001))
    assert signed_in.get(f"/api/records?{parameters}").status_code == 413
    form = signed_in.generic("POST", "/api/records", parameters, "application/x-www-form-urlencoded")
    assert form.status_code == 413
    parts = signed_in.post("/api/records", {f"p{number}": "1" for number in range(1001)}, format="multipart")
    assert parts.status_code == 413
