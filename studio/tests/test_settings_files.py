"""Deforum settings files: read with what is unknown reported, written so that they read back."""

import pytest
from rest_framework.test import APIClient

from studio.models import ModelFile

pytestmark = pytest.mark.django_db

SAVED = {
    "W": 512,
    "H": 512,
    "max_frames": 120,
    "seed": -1,
    "animation_mode": "2D",
    "zoom": "0: (1.0025+0.002*sin(1.25*3.14*t/30))",
    "strength_schedule": "0: (0.65)",
    "prompts": {"0": "a valley --neg fog"},
    "a_key_of_next_year": 1,
}


def test_a_saved_file_is_read_and_unknown_keys_are_reported(api: APIClient) -> None:
    answer = api.post("/api/v1/deforum-settings", {"settings": SAVED})
    assert answer.status_code == 200, answer.json()
    data = answer.json()["data"]
    assert data["unknown_keys"] == ["a_key_of_next_year"]
    assert data["settings"]["zoom"] == SAVED["zoom"]


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"zoom": "0:(1), 40:(1/(57-t))"}, "zoom", "zoom: keyframe 40: division by zero at frame 57"),
        ({"max_frames": 0}, "max_frames", "max_frames"),
    ],
)
def test_a_bad_setting_is_named(api: APIClient, change: dict[str, object], field: str, reason: str) -> None:
    answer = api.post("/api/v1/deforum-settings", {"settings": {**SAVED, **change}})
    assert answer.status_code == 422
    assert reason in answer.json()["data"][field][0]


def test_a_video_is_written_as_a_file_that_reads_back(api: APIClient, tiny_model: ModelFile) -> None:
    body = {"type": "deforum", "prompt": "a sea", "length": 2, "fps": 12, "seed": 5, "schedules": {"zoom": "0:(1.1)"}}
    video = api.post("/api/generate", body).json()["data"]["videoId"]
    written = api.get(f"/api/v1/deforum-settings/{video}").json()["data"]
    assert (written["zoom"], written["max_frames"], written["seed"], written["fps"]) == ("0:(1.1)", 24, 5, 12)
    again = api.post("/api/v1/deforum-settings", {"settings": written}).json()["data"]
    assert again["unknown_keys"] == []
    assert again["settings"]["zoom"] == "0:(1.1)"


def test_others_files_are_not_mine(api: APIClient, anonymous: APIClient) -> None:
    assert api.get("/api/v1/deforum-settings/999999").status_code == 404
    assert anonymous.get("/api/v1/deforum-settings/1").status_code == 401
