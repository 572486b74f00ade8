"""The type that every door parses, by itself."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from config.api.errors import ValidationFailed
from studio.requests.names import api_problem
from studio.requests.parsing import build, check, parse, restore, with_values
from studio.requests.types import TYPES, ControlUnit, DeforumRequest, Vid2VidRequest, all_parameters, parameters_of


def refused(workflow: str, values: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationFailed) as found:
        parse(workflow, values)
    return list(found.value.data or {})


def test_values_become_a_request_and_back() -> None:
    values = {
        "prompt": "a fox",
        "cfgScale": "7",
        "steps": "4",
        "draft": "true",
        "controlnet": "canny",
        "endFrame": None,
    }
    request = parse("vid2vid", values)
    unit = ControlUnit(type="canny", weight=1.0, start=0.0, end=1.0)
    assert request == Vid2VidRequest(prompt="a fox", cfg_scale=7.0, steps=4, draft=True, controlnet=(unit,))
    assert request.to_parameters() == {
        "prompt": "a fox", "cfgScale": 7.0, "steps": 4, "draft": True,
        "controlnet": [{"type": "canny", "weight": 1.0, "start": 0.0, "end": 1.0}],
    }  # fmt: skip
    assert restore("vid2vid", request.to_parameters()) == request


def test_a_request_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        parse("deforum", {}).steps = 100_000  # type: ignore[misc]


@pytest.mark.parametrize("workflow", TYPES)
def test_everything_wrong_is_told_at_once(workflow: str) -> None:
    assert refused(workflow, {"steps": 0, "cfgScale": "high", "wishes": 3, "prompt": 5}) == [
        "steps", "cfgScale", "wishes", "prompt",
    ]  # fmt: skip


def test_the_other_workflows_parameters_are_refused_unless_null() -> None:
    assert refused("vid2vid", {"length": 3}) == ["length"]
    assert refused("deforum", {"smoothing": 0.1}) == ["smoothing"]
    assert parse("deforum", {"endFrame": None}) == DeforumRequest()


def test_what_was_kept_may_be_what_a_settings_file_asked_for() -> None:
    assert restore("deforum", {"steps": 60, "length": 0.3}).steps == 60
    assert check({"steps": 60, "length": 0.3})[1].keys() == {"steps", "length"}
    with pytest.raises(ValidationFailed):
        restore("deforum", {"steps": 100_000})


def test_kept_units_are_as_they_were() -> None:
    kept = {"controlnet": [{"type": "canny"}, {"type": "tile", "weight": 0.5, "start": 0.0, "end": 1.0}]}
    assert restore("deforum", kept).to_parameters() == kept


def test_null_takes_a_value_back() -> None:
    request = parse("deforum", {"preset": "orbit", "seed": 3})
    assert with_values(request, {"preset": None, "steps": 4}) == DeforumRequest(seed=3, steps=4)
    with pytest.raises(ValidationFailed):
        with_values(request, {"smoothing": 0.1})


def test_defaults_are_of_the_workflow() -> None:
    assert build("vid2vid", {}).with_defaults().cfg_scale == 7.0
    assert build("deforum", {}).with_defaults().to_parameters() == {"negative_prompt": "", "frameCount": 1, "length": 5}


def test_names_are_translated_once() -> None:
    assert api_problem("vid2vid", "cfg_scale", "cfg_scale: 1 to 50") == ("cfgScale", "cfgScale: 1 to 50")
    assert api_problem("vid2vid", "frame_count", "frame_count: too many")[0] == "frameCount"
    assert api_problem("deforum", "frame_count", "too many") == ("length", "too many")
    assert api_problem("deforum", "zoom", "zoom: no") == ("zoom", "zoom: no")


@pytest.mark.parametrize("workflow", TYPES)
def test_every_parameter_is_told_and_has_one_name(workflow: str) -> None:
    found = parameters_of(workflow)
    assert all(p.help.endswith(".") for p in found)
    assert len({p.api for p in found}) == len(found)
    assert {p.api for p in found} <= set(all_parameters())
