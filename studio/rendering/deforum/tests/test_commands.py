"""What a console may ask for: the table, and every body read strictly."""

import pytest

from studio.rendering.deforum.settings import numeric_schedules
from studio.rendering.deforum.steering.commands import (
    Command,
    Extend,
    Loop,
    Replay,
    Rewind,
    Set,
    Wish,
    parse,
)
from studio.rendering.deforum.steering.easing import EASINGS, eased
from studio.rendering.deforum.steering.reading import Refused
from studio.rendering.deforum.steering.table import STEERABLE, steerable_names
from studio.rendering.deforum.tests.support import settings_of


def read(kind, body=None, names=None):
    return parse(Command(1, kind, {} if body is None else body), names=names)


def test_ranges_lie_within_what_the_settings_take():
    for name, kind in numeric_schedules().items():
        if name in STEERABLE:
            low, high = STEERABLE[name].range("replace")
            assert kind.low <= low < high <= kind.high, name
            assert kind.whole == STEERABLE[name].whole, name


def test_the_table_is_served_as_json():
    zoom = STEERABLE["zoom"].row()
    assert (zoom["low"], zoom["high"], zoom["default_mode"]) == (-5, 5, "add")
    assert zoom["ranges"] == {"add": (-5, 5), "replace": (0.01, 10)}
    assert STEERABLE["strength_schedule"].row()["ranges"] == {"replace": (0, 1), "add": (-1, 1)}
    assert STEERABLE["seed_behavior"].row()["choices"][:2] == ["iter", "fixed"]
    assert [name for name, p in STEERABLE.items() if p.default_mode == "add"] == [
        name for name, p in STEERABLE.items() if p.group == "motion"
    ]


@pytest.mark.parametrize(
    ("mode", "there", "not_there"),
    [
        ("2D", {"zoom", "angle", "diffusion_cadence", "steps_schedule"}, {"translation_z", "fov_schedule"}),
        ("3D", {"translation_z", "rotation_3d_x", "fov_schedule"}, {"zoom", "angle"}),
        ("Video Input", {"strength_schedule", "cfg_scale_schedule", "seed"}, {"translation_x", "diffusion_cadence"}),
        ("Interpolation", {"cfg_scale_schedule", "seed"}, {"strength_schedule", "zoom", "noise_multiplier_schedule"}),
    ],
)  # fmt: skip
def test_a_mode_is_steered_by_what_it_looks_at(mode, there, not_there):
    names = set(steerable_names(settings_of({"animation_mode": mode}), controlnets=1))
    assert there <= names
    assert not not_there & names
    assert {"cn_1_weight", "cn_1_enabled"} <= names
    assert "cn_2_weight" not in names


def test_values_take_their_parameters_mode():
    asked = read("set", {"values": {"zoom": {"value": 0.02}, "steps_schedule": {"value": 30, "mode": "replace"}}})
    assert asked == Set({"zoom": Wish("add", 0.02), "steps_schedule": Wish("replace", 30)})
    assert read("set", {"values": {"zoom": {"mode": "schedule"}}}) == Set({"zoom": Wish("schedule", None)})
    assert read("set", {"values": {"seed_behavior": {"value": "fixed"}}}).values["seed_behavior"].value == "fixed"
    smooth = read("set_smooth", {"values": {"angle": {"value": 3}}, "frames": 10, "easing": "ease"})
    assert (smooth.frames, smooth.easing, smooth.exponential) == (10, "ease", False)


def test_the_other_kinds():
    assert read("rewind", {"frame": 12}) == Rewind(12, restore_values=False)
    assert read("loop", {"start": 3, "end": 9}) == Loop(3, 9)
    assert read("loop", {"off": True}) == Loop(None, None)
    assert read("extend", {"frames": 24}) == Extend(24)
    asked = read("replay", {"start": 1, "end": 5, "prompts": "live"})
    assert asked == Replay(1, 5, movements=True, prompts=False, others=True)
    prompt = read(
        "prompt",
        {"a": "a {{sky}} town", "morph": 0.5, "bindings": {"sky": {"kind": "weight", "a": "red", "value": 1.5}}},
    )
    assert (prompt.a, prompt.b, prompt.mode, prompt.bindings["sky"].value) == ("a {{sky}} town", None, None, 1.5)
    assert read("prompt", {"bindings": {"sky": None}}).bindings == {"sky": None}


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("fly", {}, "kind"),
        ("set", {}, "values"),
        ("set", {"values": {}}, "values"),
        ("set", {"values": []}, "values"),
        ("set", [], "body"),
        ("set", {"values": {"zoom": 3}}, "values.zoom"),
        ("set", {"values": {"sorcery": {"value": 3}}}, "values.sorcery"),
        ("set", {"values": {"zoom": {"value": 1000}}}, "values.zoom.value"),
        ("set", {"values": {"zoom": {"value": 0, "mode": "replace"}}}, "values.zoom.value"),
        ("set", {"values": {"zoom": {"value": "1"}}}, "values.zoom.value"),
        ("set", {"values": {"zoom": {"value": True}}}, "values.zoom.value"),
        ("set", {"values": {"zoom": {"value": None}}}, "values.zoom.value"),
        ("set", {"values": {"zoom": {"value": float("nan")}}}, "values.zoom.value"),
        ("set", {"values": {"zoom": {"value": float("inf")}}}, "values.zoom.value"),
        ("set", {"values": {"zoom": {"value": 10**400}}}, "values.zoom.value"),
        ("set", {"values": {"zoom": {"value": 1, "mode": "multiply"}}}, "values.zoom.mode"),
        ("set", {"values": {"zoom": {"value": 1, "mode": "schedule"}}}, "values.zoom.value"),
        ("set", {"values": {"zoom": {"value": 1, "speed": 2}}}, "values.zoom.speed"),
        ("set", {"values": {"steps_schedule": {"value": 2.5}}}, "values.steps_schedule.value"),
        ("set", {"values": {"seed": {"value": 1, "mode": "add"}}}, "values.seed.mode"),
        ("set", {"values": {"seed_behavior": {"value": "wild"}}}, "values.seed_behavior.value"),
        ("set", {"values": {"zoom": {"value": 1}}, "frames": 4}, "frames"),
        ("set_smooth", {"values": {"zoom": {"value": 1}}}, "frames"),
        ("set_smooth", {"values": {"zoom": {"value": 1}}, "frames": 101}, "frames"),
        ("set_smooth", {"values": {"zoom": {"value": 1}}, "frames": 4, "easing": "bounce"}, "easing"),
        ("set_smooth", {"values": {"zoom": {"value": 1}}, "frames": 4, "exponential": 1}, "exponential"),
        ("prompt", {"a": 5}, "a"),
        ("prompt", {"a": "x" * 10_001}, "a"),
        ("prompt", {"a": "a\0b"}, "a"),
        ("prompt", {"a": "a \ud800"}, "a"),
        ("prompt", {"a": "a `t`"}, "a"),
        ("prompt", {"a": "(" * 60 + ")" * 60}, "a"),
        ("prompt", {"a": "<lora:x:heavy>"}, "a"),
        ("prompt", {"morph": 1.5}, "morph"),
        ("prompt", {"mode": "shout"}, "mode"),
        ("prompt", {"bindings": []}, "bindings"),
        ("prompt", {"bindings": {"x": {"kind": "weight", "a": "x" * 1001, "value": 1}}}, "bindings.x.a"),
        ("prompt", {"bindings": {"a b": {"kind": "weight", "a": "x", "value": 1}}}, "bindings.a b"),
        ("prompt", {"bindings": {"x": {"kind": "blend", "a": "x", "b": "y", "value": 1.5}}}, "bindings.x.value"),
        ("prompt", {"bindings": {"x": {"a": "x", "value": 1}}}, "bindings.x.kind"),
        ("prompt", {"bindings": {str(n): None for n in range(21)}}, "bindings"),
        ("pause", {"frame": 3}, "frame"),
        ("rewind", {}, "frame"),
        ("rewind", {"frame": -1}, "frame"),
        ("rewind", {"frame": 1.5}, "frame"),
        ("rewind", {"frame": 1, "restore_values": "yes"}, "restore_values"),
        ("loop", {"start": 3}, "end"),
        ("loop", {"start": 9, "end": 3}, "end"),
        ("loop", {"off": True, "start": 3}, "start"),
        ("snapshot", {}, "name"),
        ("snapshot", {"name": "  "}, "name"),
        ("recall", {"name": "x" * 81}, "name"),
        ("extend", {"frames": 0}, "frames"),
        ("extend", {"frames": 10**9}, "frames"),
        ("replay", {"start": 2, "end": 1}, "end"),
        ("replay", {"start": 1, "end": 2, "prompts": "both"}, "prompts"),
        ("replay", {"start": 1, "end": 2, "movements": "live", "prompts": "live", "others": "live"}, "movements"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_field(kind, body, field):
    with pytest.raises(Refused) as refused:
        read(kind, body)
    assert refused.value.field == field
    assert list(refused.value.faults) == [field]
    assert refused.value.message.startswith(f"{field}: ")


def test_every_mistake_is_told():
    with pytest.raises(Refused) as refused:
        read("set_smooth", {"values": {"zoom": {"value": 99}, "sorcery": {}}, "frames": -1, "hurry": True})
    assert set(refused.value.faults) == {"values.zoom.value", "values.sorcery", "frames", "hurry"}


def test_what_an_animation_does_not_look_at_is_refused():
    names = steerable_names(settings_of({"animation_mode": "2D"}), controlnets=0)
    with pytest.raises(Refused, match="can't be steered in this animation") as refused:
        read("set", {"values": {"fov_schedule": {"value": 90}}}, names)
    assert refused.value.field == "values.fov_schedule"


def test_easings_are_the_timing_curves_of_css():
    assert [eased("linear", share) for share in (0.25, 0.5, 0.75, 1)] == [0.25, 0.5, 0.75, 1]
    for easing in EASINGS:
        assert (eased(easing, 0), eased(easing, 1)) == (0, 1)
        shares = [eased(easing, n / 50) for n in range(51)]
        assert shares == sorted(shares)
    # As browsers have them.
    assert eased("ease", 0.5) == pytest.approx(0.8024, abs=1e-4)
    assert eased("ease-in", 0.5) == pytest.approx(0.3154, abs=1e-4)
    assert eased("ease-out", 0.5) == pytest.approx(0.6846, abs=1e-4)
    assert eased("ease-in-out", 0.5) == pytest.approx(0.5, abs=1e-9)
