"""Clients that send forms, as document A's own do: what a form leaves out is left out."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from studio.models import ModelFile

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
PLAIN = {"type": "deforum", "prompt": "x", "length": "1", "fps": "8"}
SETTINGS = {"W": 512, "max_frames": 120, "zoom": "0: (1.0025)", "prompts": {"0": "a valley"}}


@pytest.fixture(params=["urlencoded", "multipart"])
def encoding(request: pytest.FixtureRequest) -> str:
    return request.param


def send(api: APIClient, path: str, encoding: str, body: dict[str, Any]) -> Any:
    if encoding == "multipart":
        return api.post(path, body, format="multipart")
    return api.post(path, urlencode(body), content_type=FORM)


def test_a_form_may_leave_out_what_json_may(api: APIClient, tiny_model: ModelFile, encoding: str) -> None:
    answer = send(api, "/api/generate", encoding, PLAIN)
    assert answer.status_code == 200, answer.json()
    parameters = answer.json()["data"]["generation_parameters"]
    assert parameters == api.post("/api/generate", PLAIN).json()["data"]["generation_parameters"] | {
        "seed": parameters["seed"]
    }


@pytest.mark.parametrize(
    "schedules", [{"schedules": '{"zoom": "0:(1.1)"}'}, {"schedules[zoom]": "0:(1.1)"}], ids=["JSON", "brackets"]
)
def test_schedules_come_as_json_or_by_their_names(
    api: APIClient, tiny_model: ModelFile, encoding: str, schedules: dict[str, str]
) -> None:
    answer = send(api, "/api/generate", encoding, {**PLAIN, **schedules})
    assert answer.status_code == 200, answer.json()
    video = answer.json()["data"]["videoId"]
    assert api.get(f"/api/v1/deforum-settings/{video}").json()["data"]["zoom"] == "0:(1.1)"


def test_a_broken_object_is_named(api: APIClient, encoding: str) -> None:
    answer = send(api, "/api/generate", encoding, {**PLAIN, "schedules": '{"zoom": '})
    assert (answer.status_code, answer.json()["data"]) == (422, {"schedules": ["Must be valid JSON."]})


@pytest.mark.parametrize("name", ["settings", "file"])
@pytest.mark.parametrize("written", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_settings_file_is_read_as_a_file(api: APIClient, name: str, written: str) -> None:
    text = json.dumps(SETTINGS, indent=4, ensure_ascii=False).replace("\n", "\r\n")
    file = SimpleUploadedFile("20230101_settings.txt", text.encode(written))
    answer = api.post("/api/v1/deforum-settings", {name: file}, format="multipart")
    assert answer.status_code == 200, answer.json()
    assert answer.json()["data"] == api.post("/api/v1/deforum-settings", {"settings": SETTINGS}).json()["data"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe{}", b"[1]"])
def test_a_file_that_is_no_settings_is_refused(api: APIClient, content: bytes) -> None:
    file = SimpleUploadedFile("settings.txt", content)
    answer = api.post("/api/v1/deforum-settings", {"settings": file}, format="multipart")
    assert (answer.status_code, list(answer.json()["data"])) == (422, ["settings"])


def test_no_settings_at_all_is_refused(api: APIClient, encoding: str) -> None:
    answer = send(api, "/api/v1/deforum-settings", encoding, {})
    assert (answer.status_code, list(answer.json()["data"])) == (422, ["settings"])
