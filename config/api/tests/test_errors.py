"""Whatever goes wrong, the answer is the envelope."""

import logging

import pytest
from django.db import connection
from psycopg import connect
from rest_framework.test import APIClient


def envelope(response):
    body = response.json()
    assert body["success"] is False
    assert body["message"]
    return body


@pytest.mark.parametrize(
    ("what", "status", "code", "data"),
    [
        ("domain", 422, "insufficient_credits", {"required_tokens": 10, "balance": 3}),
        ("validation", 422, "validation_error", {"title": ["Too long."]}),
        ("forbidden", 403, "forbidden", None),
        ("missing", 404, "not_found", None),
        ("conflict", 409, "conflict", None),
    ],
)
def test_domain_error_becomes_its_answer(client, db, what, status, code, data):
    response = client.get(f"/api/fail/{what}")
    body = envelope(response)
    assert (response.status_code, body["code"], body.get("data")) == (status, code, data)
    assert ("data" in body) == (status == 422)


def test_conflict_says_when_to_retry(client, db):
    assert client.get("/api/fail/conflict").headers["Retry-After"] == "7"


def test_lock_timeout_is_a_conflict(client, transactional_db):
    parameters = connection.get_connection_params()
    where = {name: parameters[name] for name in ("host", "port", "dbname", "user", "password") if name in parameters}
    with connect(**where) as other:
        other.execute("SELECT pg_advisory_lock(4711)")
        response = client.get("/api/fail/lock")
    assert response.status_code == 409
    assert response.headers["Retry-After"] == "1"
    assert envelope(response)["code"] == "conflict"


@pytest.mark.parametrize("what", ["bug", "database"])
def test_bug_tells_nothing_but_its_request_id(client, db, caplog, what):
    with caplog.at_level(logging.ERROR, "config.api.handlers"):
        response = client.get(f"/api/fail/{what}", headers={"X-Request-ID": "client-1.2_3"})
    assert response.status_code == 500
    assert envelope(response) == {
        "success": False,
        "message": "Internal server error",
        "code": "server_error",
        "request_id": "client-1.2_3",
    }
    assert "client-1.2_3" in caplog.text
    assert "Traceback" in caplog.text
    assert "secret" in caplog.text


def test_insane_request_id_is_replaced(client, db):
    answered = client.get("/api/values", headers={"X-Request-ID": "a b"}).headers["X-Request-ID"]
    assert len(answered) == 32
    assert answered.isalnum()


@pytest.mark.parametrize("path", ["/api/nothing", "/api/records/", "/api/login/", "/api", "/status/x", "/api/a%00b"])
@pytest.mark.parametrize("method", ["get", "post", "delete", "options"])
def test_unknown_route_is_the_404_envelope(path, method):
    client = APIClient(enforce_csrf_checks=True)
    response = getattr(client, method)(path)
    assert response.status_code == 404
    assert envelope(response)["code"] == "not_found"
    assert response.headers["Content-Type"] == "application/json"


def test_page_outside_the_api_is_html(client):
    response = client.get("/nothing")
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")


def test_plain_django_view_speaks_the_envelope(client):
    assert envelope(client.get("/api/plain"))["message"] == "Nothing here"


def test_unknown_host_is_json(client):
    response = client.get("/api/values", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert envelope(response)["code"] == "bad_request"


@pytest.mark.parametrize("method", ["put", "options", "patch"])
def test_method_not_allowed(client, db, method):
    response = getattr(client, method)("/api/values")
    assert response.status_code == 405
    assert envelope(response)["code"] == "method_not_allowed"
    assert response.headers["Allow"] == "GET, HEAD"


def test_unsupported_media_type(signed_in):
    response = signed_in.post("/api/records", "<a/>", content_type="application/xml")
    assert response.status_code == 415
    assert envelope(response)["code"] == "unsupported_media_type"


@pytest.mark.parametrize("body", ["{", '{"a": NaN}', b'{"a": "\xff"}', '{"a": "\\ud800"}', "[" * 5000])
def test_malformed_json_is_400(signed_in, body):
    response = signed_in.post("/api/records", body, content_type="application/json")
    assert response.status_code == 400
    assert envelope(response)["code"] == "malformed_json"


@pytest.mark.parametrize("body", ["[]", '"text"', "null", "1"])
def test_json_that_is_no_object_is_422(signed_in, body):
    response = signed_in.post("/api/records", body, content_type="application/json")
    assert response.status_code == 422
    assert list(envelope(response)["data"]) == ["body"]


@pytest.mark.parametrize("header", ["name*=utf-8''a; name*0=b", "name=a; filename*=utf-8''a; filename*0=b"])
def test_a_part_with_a_parameter_in_two_ways_is_400(signed_in, header):
    body = f"--x\r\nContent-Disposition: form-data; {header}\r\n\r\n1\r\n--x--\r\n"
    response = signed_in.post("/api/records", body.encode(), content_type="multipart/form-data; boundary=x")
    assert response.status_code == 400
    assert response.json()["code"] == "malformed_body"


def test_malformed_multipart_is_400(signed_in):
    response = signed_in.post("/api/records", b"x", content_type="multipart/form-data")
    assert response.status_code == 400
    assert envelope(response)["code"] == "malformed_body"


def test_validation_names_every_field(signed_in):
    response = signed_in.post(
        "/api/records", {"items": [{"name": "x" * 11, "quantity": 1}, {"name": "", "quantity": 0}]}
    )
    assert response.status_code == 422
    body = envelope(response)
    assert body["message"] == "Validation Error"
    assert body["data"] == {
        "c_password": ["The c password field is required."],
        "items.0.name": ["Ensure this field has no more than 10 characters."],
        "items.1.name": ["The name field is required."],
        "items.1.quantity": ["Ensure this value is greater than or equal to 1."],
    }


def test_nul_in_json_names_the_field(signed_in):
    body = '{"c_password": "a\\u0000b", "items": [{"name": "\\u0000"}], "fine": "\\\\u0000"}'
    response = signed_in.post("/api/records", body, content_type="application/json")
    assert response.status_code == 422
    assert sorted(envelope(response)["data"]) == ["c_password", "items.0.name"]


def test_escaped_backslash_is_no_nul(signed_in):
    response = signed_in.post("/api/records", '{"c_password": "\\\\u0000"}', content_type="application/json")
    assert response.status_code == 201
    assert response.json()["data"]["c_password"] == "\\u0000"


@pytest.mark.parametrize("form", ["multipart", None])
def test_nul_in_a_form_names_the_field(signed_in, form):
    if form:
        response = signed_in.post("/api/records", {"c_password": "a\0"}, format="multipart")
    else:
        response = signed_in.post("/api/records", "c_password=a%00", content_type="application/x-www-form-urlencoded")
    assert response.status_code == 422
    assert list(envelope(response)["data"]) == ["c_password"]


def test_nul_in_the_query_names_the_parameter(client, db):
    response = client.get("/api/records?search=a%00b")
    assert response.status_code == 422
    assert list(envelope(response)["data"]) == ["search"]


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
def test_body_over_the_limit_is_413(signed_in, settings, content_type):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    response = signed_in.post("/api/records", " " * 101, content_type=content_type)
    assert response.status_code == 413
    assert envelope(response)["code"] == "too_large"
    assert "100 bytes" in envelope(response)["message"]


def test_multipart_fields_over_the_limit_are_413(signed_in, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    response = signed_in.post("/api/records", {"c_password": "x" * 101}, format="multipart")
    assert response.status_code == 413
    assert envelope(response)["code"] == "too_large"
    assert "100 bytes" in envelope(response)["message"]
