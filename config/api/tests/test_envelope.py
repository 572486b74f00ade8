import pytest

from config.api.envelope import dumps


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


def test_unknown_value_is_refused():
    with pytest.raises(TypeError, match="JSON"):
        dumps({"view": object()})
