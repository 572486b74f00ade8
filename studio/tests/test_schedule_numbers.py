"""POST /api/v1/schedules: the renderer's own numbers, and every reason why there are none."""

from __future__ import annotations

import time
from typing import Any

import pytest
from rest_framework.test import APIClient

from studio.rendering.deforum.parameters import frame_table
from studio.rendering.deforum.settings import import_settings

pytestmark = pytest.mark.django_db

SECONDS = 5.0
"""Of processor time, the whole request's."""

SCHEDULES = {
    "zoom": "0: (1.0025+0.002*sin(1.25*3.14*t/30))",
    "translation_x": "0:(0), (max_f/2):(10), (max_f-1):(0)",
    "angle": "0:(1), 3:(2*t), 6:(0)",
    "strength_schedule": "0:(0.65), 50:(0.4), 100:(1.65)",
    "diffusion_cadence": "0:(1), 10:(4)",
    "seed_schedule": '0:(s), 1:(-1), "max_f-2":(-1), "max_f-1":(s)',
    "cn_2_weight": "0:(0), 4:(2)",
}


def numbers(api: APIClient, **body: Any) -> Any:
    answer = api.post("/api/v1/schedules", body)
    assert answer.status_code == 200, answer.json()
    return answer.json()["data"]


def refused(api: APIClient, **body: Any) -> dict[str, list[str]]:
    started = time.process_time()
    answer = api.post("/api/v1/schedules", body)
    assert time.process_time() - started < SECONDS
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error"), answer.json()
    found: dict[str, list[str]] = answer.json()["data"]
    return found


@pytest.mark.parametrize(
    ("text", "frames", "seed", "expected"),
    [
        ("0:(0), 10:(10)", 21, 0, [*range(11), *[10] * 10]),
        ("0:(0), 4:(t*t)", 8, 0, [0, 4, 8, 12, 16, 25, 36, 49]),
        ("0:(1), 3:(2*t), 6:(0)", 9, 0, [1, 1 + 5 / 3, 1 + 10 / 3, 6, 8, 10, 0, 0, 0]),
        ("0:(0), (max_f/2):(10), (max_f-1):(0)", 11, 0, [0, 2, 4, 6, 8, 10, 7.5, 5, 2.5, 0, 0]),
        ("0:(s)", 2, 7, [7, 7]),
        ("0:(s)", 2, -1, [0, 0]),
        ("2:(5)", 4, 0, [5, 5, 5, 5]),
        (1.5, 2, 0, [1.5, 1.5]),
    ],
)
def test_the_numbers_are_those_of_the_grammar(
    api: APIClient, text: object, frames: int, seed: int, expected: list[float]
) -> None:
    assert numbers(api, schedules={"translation_x": text}, frames=frames, seed=seed) == {"translation_x": expected}


def test_they_are_the_very_numbers_a_render_has(api: APIClient) -> None:
    settings, _ = import_settings({**SCHEDULES, "cn_2_enabled": True, "seed_behavior": "schedule"})
    table = frame_table(settings, frame_count=121, seed=9)
    found = numbers(api, schedules=SCHEDULES, frames=121, seed=9)
    assert list(found) == list(SCHEDULES)
    for name in SCHEDULES.keys() - {"cn_2_weight"}:
        assert found[name] == [row[name] for row in table], name
    assert found["cn_2_weight"] == [unit.weight for row in table if (unit := row.units[1])]


def test_every_fault_is_told_with_field_and_frame(api: APIClient) -> None:
    schedules = {
        "zoom": "0:(1), 40:(1/(57-t))",
        "angle": "0:(1), 9:(90000)",
        "translation_x": "0:(t+",
        "translation_y": ["0"],
        "cn_6_weight": "0:(1)",
        "prompts": "0:(1)",
        "strength_schedule": "0:(0.5)",
    }
    assert refused(api, schedules=schedules, frames=120) == {
        "schedules.zoom": ["zoom: keyframe 40: division by zero at frame 57"],
        "schedules.angle": ["angle: frame 4: 40000.5555556 is above 36000"],
        "schedules.translation_x": ["translation_x: a bracket is not closed in '0:(t+'"],
        "schedules.translation_y": ["translation_y: expected a schedule such as 0:(1), 30:(2)"],
        "schedules.cn_6_weight": ["cn_6_weight: no setting with one number a frame"],
        "schedules.prompts": ["prompts: no setting with one number a frame"],
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"schedules": {}}, "schedules"),
        ({"schedules": []}, "schedules"),
        ({"schedules": "zoom"}, "schedules"),
        ({"schedules": None}, "schedules"),
        ({"frames": None}, "frames"),
        ({"frames": 0}, "frames"),
        ({"frames": 14_401}, "frames"),
        ({"frames": 1.5}, "frames"),
        ({"seed": 2**32}, "seed"),
        ({"seed": "x"}, "seed"),
        ({"schedules": {f"zoom{n}": "0:(1)" for n in range(100)}}, "schedules"),
        ({"schedules": dict.fromkeys(SCHEDULES, "0:(1)" + " " * 90_000)}, "schedules"),
        ({"schedules": {f"cn_{n}_weight": "0:(1)" for n in range(20)}, "frames": 14_400}, "frames"),
        ({"schedules": {"zoom": "0:(9**9**9)"}}, "schedules.zoom"),
        ({"schedules": {"zoom": "0:" + "(" * 45_000 + "1" + ")" * 45_000}}, "schedules.zoom"),
        ({"schedules": {"zoom": "0:(__import__('os'))"}}, "schedules.zoom"),
        ({"schedules": {"zoom": "0:(a\0b)"}}, "schedules.zoom"),
        ({"schedules": {"zoom": True}}, "schedules.zoom"),
        ({"schedules": {"z" * 300: "0:(1)"}}, f"schedules.{'z' * 100}"),
    ],
)
def test_what_makes_no_sense_is_named(api: APIClient, body: dict[str, Any], field: str) -> None:
    assert list(refused(api, **{"schedules": {"zoom": "0:(1)"}, "frames": 10, **body})) == [field]


def test_all_schedules_together_cost_what_a_render_may(api: APIClient) -> None:
    hard = "0:(" + "+".join(f"sin(t*{n})" for n in range(20)) + ")"
    names = [f"translation_{axis}" for axis in "xyz"] + [f"rotation_3d_{axis}" for axis in "xyz"]
    found = refused(api, schedules=dict.fromkeys(names, hard), frames=14_400)
    assert "schedules.translation_x" not in found
    assert found["schedules.rotation_3d_z"] == ["rotation_3d_z: more arithmetic than a render of this length may need"]


def test_half_a_character_is_named_as_well(api: APIClient) -> None:
    body = rb'{"schedules": {"zo\ud800om": "0:(1)"}, "frames": 1}'
    answer = api.generic("POST", "/api/v1/schedules", body, content_type="application/json")
    assert answer.status_code in (400, 422), answer.content


def test_only_who_is_signed_in(anonymous: APIClient) -> None:
    assert anonymous.post("/api/v1/schedules", {"schedules": {"zoom": "0:(1)"}, "frames": 1}).status_code == 401
