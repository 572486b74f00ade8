"""Plans that can't be rendered are refused before anything is loaded, by field."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio.rendering.errors import ModelError, PlanError
from studio.rendering.media.probe import MediaInfo, probe
from studio.rendering.plan import ControlNetSpec, LoraSpec, RenderOptions, RenderPlan
from studio.rendering.plan_checks import validate_plan
from studio.rendering.ports import RenderInputs


@pytest.fixture(scope="module")
def source(inputs: RenderInputs) -> MediaInfo:
    assert inputs.source
    return probe(inputs.source)


def refused_field(plan: RenderPlan, source: MediaInfo | None = None) -> str:
    with pytest.raises(PlanError) as caught:
        validate_plan(plan, source_info=source)
    return caught.value.field


def with_params(plan: RenderPlan, **changes: Any) -> RenderPlan:
    return replace(plan, params=replace(plan.params, **changes))


def with_settings(plan: RenderPlan, **changes: Any) -> RenderPlan:
    assert not hasattr(plan.params, "prompt")
    return with_params(plan, settings={**plan.params.settings, **changes})


def test_good_plans_pass(vid2vid: RenderPlan, deforum: RenderPlan, source: MediaInfo) -> None:
    validate_plan(vid2vid, source_info=source)
    validate_plan(deforum, source_info=None)
    validate_plan(RenderPlan.from_json(deforum.to_json()), source_info=source)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("width", {"width": 45}),
        ("width", {"width": 8}),
        ("height", {"height": 9000}),
        ("fps", {"fps": "0"}),
        ("fps", {"fps": "1000"}),
        ("frame_count", {"frame_count": 0}),
        ("frame_limit", {"frame_limit": 0}),
        ("frame_count", {"frame_count": 19}),
        ("seed", {"seed": -1}),
        ("seed", {"seed": 2**32}),
        ("batch_size", {"batch_size": 0}),
    ],
)
def test_figures(vid2vid: RenderPlan, source: MediaInfo, field: str, changes: dict[str, Any]) -> None:
    assert refused_field(replace(vid2vid, **changes), source) == field


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("prompt", {"prompt": "a" * 1_000_000}),
        ("prompt", {"prompt": "bell\x07"}),
        ("negative_prompt", {"negative_prompt": "\x00"}),
        ("cfg_scale", {"cfg_scale": float("nan")}),
        ("denoising", {"denoising": 0.0}),
        ("denoising", {"denoising": 1.01}),
        ("smoothing", {"smoothing": 0.71}),
        ("start_frame", {"start_frame": -1}),
        ("frame_count", {"start_frame": 15}),
        ("controlnet", {"controlnets": (ControlNetSpec("canny", ".", start=0.7, end=0.2),)}),
    ],
)
def test_vid2vid_parameters(vid2vid: RenderPlan, source: MediaInfo, field: str, changes: dict[str, Any]) -> None:
    assert refused_field(with_params(vid2vid, **changes), source) == field


def test_a_source_with_a_picture_is_needed(vid2vid: RenderPlan, soundtrack: Path) -> None:
    assert refused_field(vid2vid) == "source"
    assert refused_field(vid2vid, probe(soundtrack)) == "source"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("zoom", {"zoom": "0:(1/(t-6))"}),
        ("angle", {"angle": "0:(__import__('os'))"}),
        ("video_init_path", {"animation_mode": "Video Input"}),
        ("schedules", {"no_such_setting": 1}),
    ],
)
def test_deforum_settings(deforum: RenderPlan, field: str, changes: dict[str, Any]) -> None:
    assert refused_field(with_settings(deforum, **changes)) == field


def test_models(vid2vid: RenderPlan, deforum: RenderPlan, source: MediaInfo, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.safetensors")
    plans = (
        replace(vid2vid, model=replace(vid2vid.model, location=missing)),
        replace(vid2vid, model=replace(vid2vid.model, family="unknown")),
        with_params(vid2vid, controlnets=(ControlNetSpec("canny", missing),)),
        with_params(deforum, loras=(LoraSpec(missing),)),
    )
    for plan in plans:
        with pytest.raises(ModelError) as caught:
            validate_plan(plan, source_info=source)
        assert str(tmp_path) not in caught.value.message


def test_options_that_are_not_asked_for_are_not_written(vid2vid: RenderPlan) -> None:
    """A plan that was stored before an option was known reads and writes the same."""
    plan = vid2vid
    assert plan.to_json()["options"] == {}
    asked = replace(plan, options=RenderOptions(deepcache=1, residual_cfg=True))
    assert asked.to_json()["options"] == {"deepcache": 1, "residual_cfg": True}
    assert RenderPlan.from_json(asked.to_json()) == asked
    later = {**plan.to_json(), "options": {"of": "a later version"}}
    assert RenderPlan.from_json(later) == plan
