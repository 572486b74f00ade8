import sys
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import orjson
import pytest

from config.api.envelope import dumps, iso


def test_values_have_their_documented_form(client, db):
    assert client.get("/api/values").content == (
        b'{"success":true,"data":{"moment":"2026-01-15T10:30:00.000000Z","price":9.99,"whole":10,'
        b'"day":"2026-01-15"},"message":"Values"}'
    )


@pytest.mark.parametrize("accept", ["text/html,application/xhtml+xml", "application/xml", "*/*", "nonsense"])
def test_every_client_gets_json(client, db, accept):
    response = client.get("/api/values", headers={"Accept": accept})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"


def test_head_has_no_body(client, db):
    response = client.head("/api/values")
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("zone", [UTC, None, timezone(timedelta(0)), timezone(timedelta(hours=2))])
def test_moments_are_told_in_utc(zone):
    moment = datetime(2026, 1, 1, 0, 30, 0, 5, tzinfo=zone)
    expected = "2025-12-31T22:30:00.000005Z" if zone == timezone(timedelta(hours=2)) else "2026-01-01T00:30:00.000005Z"
    assert iso(moment) == expected


def test_unknown_value_is_refused():
    with pytest.raises(TypeError, match="JSON"):
        dumps({"view": object()})


def test_integers_of_any_length_are_told() -> None:
    told = dumps(
        {"rows": [{"zoom": 10**30, "on": True}, (-(10**30), 2**64 - 1)], "sum": Decimal(10**20), "most": 10**400}
    )
    assert orjson.loads(told) == {
        "rows": [{"zoom": 1e30, "on": True}, [-1e30, 2**64 - 1]],
        "sum": 1e20,
        "most": sys.float_info.max,
    }
