"""Steering: what is in force at which frame, and the same film again from what was recorded."""

import json
from dataclasses import replace

import numpy as np
import pytest

from studio.rendering.deforum import checkpoint
from studio.rendering.deforum.parameters import settings_from_table
from studio.rendering.deforum.settings import export_settings, import_settings
from studio.rendering.deforum.tests.consoles import Console, moving, setting, steer
from studio.rendering.deforum.tests.doubles import FormulaEngine
from studio.rendering.deforum.tests.support import make_plan, moving_video, render
from studio.rendering.deforum.tests.test_animator import BUSY_2D, BUSY_3D, MODES
from studio.rendering.plan import ControlNetSpec, DeforumParams, LoraSpec

PLAIN = {"prompts": {"0": "a cat"}, "strength_schedule": 0.6}


class Video:
    """A source that can be read again."""

    def __init__(self, frames=24):
        self._frames = moving_video(frames)

    def __iter__(self):
        for start in range(0, len(self._frames), 5):
            yield self._frames[start : start + 5]


def replayed(console, plan, tmp_path, **inputs):
    """The session rendered again from its record, as anybody's settings file is."""
    table = [json.loads(json.dumps(record)) for record in console.sink.records]
    exported = export_settings(settings_from_table(table))
    settings, unknown = import_settings(json.loads(json.dumps(exported)))
    assert not unknown
    again = replace(
        plan,
        params=DeforumParams(export_settings(settings), plan.params.loras, plan.params.controlnets),
        frame_count=len(table),
        frame_limit=None,
    )
    return render(again, tmp_path / "replayed", **inputs)


def assert_replays(console, plan, tmp_path, **inputs):
    again = replayed(console, plan, tmp_path, **inputs)
    assert np.array_equal(console.sink.video, again.video)
    assert [r["seed"] for r in again.records] == console.column("seed")


@pytest.mark.parametrize("mode", MODES)
def test_a_render_that_nobody_steers_is_what_it_was(mode, tmp_path):
    plan = make_plan(MODES[mode], frame_count=12)
    plain = render(plan, tmp_path / "plain", source=Video())
    console = steer(plan, tmp_path / "steered", source=Video())
    assert np.array_equal(plain.video, console.sink.video)
    assert plain.records == console.sink.records
    saved = [(tmp_path / folder / "checkpoint.npz").read_bytes() for folder in ("plain", "steered/state")]
    assert saved[0] == saved[1]
    assert console.told == []


def test_commands_are_read_once_per_diffused_frame(tmp_path):
    console = steer(make_plan({**PLAIN, "diffusion_cadence": 4}, frame_count=10), tmp_path)
    # And once at the end, for those that came with the last frame.
    assert console.reads == [0, 4, 8, 10]


def test_a_value_is_added_to_the_schedule_or_takes_its_place(tmp_path):
    settings = {**PLAIN, "animation_mode": "3D", "translation_z": 1.75, "fov_schedule": 70}
    orders = {
        2: [setting("translation_z", 0.5), setting("fov_schedule", 90)],
        4: [setting("translation_z", 3, "replace"), setting("fov_schedule", -10, "add")],
        6: [setting("translation_z", mode="schedule"), setting("fov_schedule", mode="schedule")],
    }
    console = steer(make_plan(settings, frame_count=8), tmp_path, orders)
    assert console.column("translation_z") == [1.75, 1.75, 2.25, 2.25, 3, 3, 1.75, 1.75]
    assert console.column("fov_schedule") == [70, 70, 90, 90, 60, 60, 70, 70]
    assert [ack.frame for ack in console.told] == [2, 2, 4, 4, 6, 6]
    assert console.acks[1].effective == {"translation_z": 2.25}
    assert console.acks[4].effective == {"fov_schedule": 60}
    assert all(ack.refused is None for ack in console.told)


def test_a_smooth_value_makes_its_first_step_at_once(tmp_path):
    orders = {2: [moving("angle", 1, 4)], 7: [moving("angle", None, 2, "schedule")]}
    console = steer(make_plan(PLAIN, frame_count=10), tmp_path, orders)
    assert console.column("angle") == [0, 0, 0.25, 0.5, 0.75, 1, 1, 0.5, 0, 0]


def test_a_smooth_value_moves_with_every_frame_of_a_cadence(tmp_path):
    console = steer(
        make_plan({**PLAIN, "diffusion_cadence": 4}, frame_count=12), tmp_path, {4: [moving("angle", 1, 4)]}
    )
    assert console.column("angle") == [0, 0, 0, 0, 0.25, 0.5, 0.75, 1, 1, 1, 1, 1]
    assert console.acks[1].frame == 4


def test_a_replaced_value_goes_from_where_it_stands(tmp_path):
    settings = {**PLAIN, "strength_schedule": "0:(0.2), 9:(0.2)", "cfg_scale_schedule": "0:(10), 10:(20)"}
    orders = {
        1: [moving("strength_schedule", 0.6, 2)],
        4: [moving("strength_schedule", None, 4, "schedule"), moving("cfg_scale_schedule", 5, 2)],
        7: [moving("cfg_scale_schedule", None, 2, "schedule")],
    }
    console = steer(make_plan(settings, frame_count=11), tmp_path, orders)
    assert console.column("strength_schedule") == pytest.approx([0.2, 0.4, 0.6, 0.6, 0.5, 0.4, 0.3, 0.2, 0.2, 0.2, 0.2])
    # Half way from 14 to 5 at frame 4; back to where the schedule is by then.
    assert console.column("cfg_scale_schedule") == pytest.approx([10, 11, 12, 13, 9.5, 5, 5, 11, 18, 19, 20])


def test_a_new_goal_starts_where_the_value_stands_and_may_extend_the_old_one(tmp_path):
    plain = {2: [moving("angle", 4, 4)], 4: [moving("angle", 3, 2)]}
    console = steer(make_plan(PLAIN, frame_count=8), tmp_path / "plain", plain)
    assert console.column("angle") == [0, 0, 1, 2, 2.5, 3, 3, 3]
    # One more than where it stands, which is 2, is one more than the goal, which is 4.
    extended = {2: [moving("angle", 4, 4)], 4: [moving("angle", 3, 3, exponential=True)]}
    console = steer(make_plan(PLAIN, frame_count=8), tmp_path / "extended", extended)
    assert console.column("angle") == [0, 0, 1, 2, 3, 4, 5, 5]
    # Never beyond what the parameter may be.
    far = {2: [moving("angle", 180, 4)], 4: [moving("angle", 180, 1, exponential=True)]}
    console = steer(make_plan(PLAIN, frame_count=8), tmp_path / "far", far)
    assert console.column("angle")[4:] == [180] * 4


def test_what_comes_of_it_is_cut_to_the_settings_range(tmp_path):
    settings = {**PLAIN, "strength_schedule": 0.9, "zoom": 0.5, "diffusion_cadence": 2}
    orders = {
        2: [setting("strength_schedule", 0.5, "add"), setting("zoom", -5), setting("diffusion_cadence", -10, "add")]
    }
    console = steer(make_plan(settings, frame_count=4), tmp_path, orders)
    assert console.column("strength_schedule") == [0.9, 0.9, 1, 1]
    assert console.column("zoom") == [0.5, 0.5, 0.01, 0.01]
    assert console.column("diffusion_cadence") == [2, 2, 1, 1]


def test_more_steps_than_the_sampler_has_are_cut(tmp_path):
    engine = FormulaEngine()
    orders = {1: [setting("steps_schedule", 150)]}
    console = steer(make_plan(PLAIN, frame_count=3), tmp_path, orders, engine=engine, most_steps=lambda sampler: 50)
    assert [call.generation.steps for call in engine.calls] == [4, 50, 50]
    assert console.acks[1].effective == {"steps_schedule": 50}


def test_cadence_steps_and_guidance_reach_the_engine(tmp_path):
    engine = FormulaEngine()
    orders = {
        2: [setting("diffusion_cadence", 3), setting("steps_schedule", 9), setting("cfg_scale_schedule", 3.5)],
        8: [setting("diffusion_cadence", mode="schedule"), setting("noise_multiplier_schedule", 1.5)],
    }
    console = steer(make_plan(PLAIN, frame_count=10), tmp_path, orders, engine=engine)
    assert [r["frame"] for r in console.sink.records if r["diffused"]] == [0, 1, 2, 5, 8, 9]
    assert [call.generation.steps for call in engine.calls] == [4, 4, 9, 9, 9, 9]
    assert [call.generation.cfg_scale for call in engine.calls] == [7, 7, 3.5, 3.5, 3.5, 3.5]
    assert [call.generation.noise_multiplier for call in engine.calls][-2:] == [1.5, 1.5]


def test_seeds(tmp_path):
    orders = {
        2: [setting("seed", 100)],
        4: [setting("seed_behavior", "fixed")],
        6: [setting("seed_behavior", "ladder")],
        8: [setting("seed", mode="schedule"), setting("seed_behavior", mode="schedule"), setting("seed_iter_N", 2)],
    }
    console = steer(make_plan(PLAIN, frame_count=12, seed=7), tmp_path, orders)
    assert console.column("seed") == [7, 8, 100, 101, 102, 102, 102, 104, 15, 16, 16, 17]
    assert console.acks[1].effective == {"seed": 100}
    assert console.acks[4].effective == {"seed": 15}


def test_a_scheduled_seed_is_set_with_its_behaviour(tmp_path):
    settings = {**PLAIN, "seed_behavior": "schedule", "seed_schedule": "0:(5)"}
    both = {"seed": {"value": 9}, "seed_behavior": {"value": "iter"}}
    console = steer(
        make_plan(settings, frame_count=6), tmp_path, {2: [setting("seed", 9)], 3: [("set", {"values": both})]}
    )
    assert "follows a schedule" in console.acks[1].refused
    assert console.column("seed") == [5, 5, 5, 9, 10, 11]


def test_what_the_mode_never_looks_at_is_refused_with_a_reason(tmp_path):
    console = steer(
        make_plan({**PLAIN, "animation_mode": "Video Input"}, frame_count=4),
        tmp_path,
        {1: [setting("zoom", 0.1), setting("strength_schedule", 0.2), ("loop", {"start": 2, "end": 9})]},
        source=Video(),
    )
    assert "can't be steered in this animation" in console.acks[1].refused
    assert console.acks[1].effective == {}
    assert console.acks[2].refused is None
    assert console.column("strength_schedule") == [0.6, 0.2, 0.2, 0.2]
    assert "last frame is 3" in console.acks[3].refused


def test_a_command_that_nobody_understands_harms_nothing(tmp_path):
    orders = {1: [("levitate", {}), ("set", {"values": {"zoom": {"value": "x"}}}), ("set", None), setting("zoom", 0.1)]}
    console = steer(make_plan(PLAIN, frame_count=3), tmp_path, orders)
    assert [bool(ack.refused) for ack in console.told] == [True, True, True, False]
    assert console.column("zoom") == [1, 1.1, 1.1]


def test_snapshots_are_recalled(tmp_path):
    orders = {
        1: [setting("angle", 5), ("prompt", {"a": "a fox"}), ("snapshot", {"name": "fox"})],
        2: [setting("angle", mode="schedule"), setting("zoom", 0.1), ("prompt", {"a": "a hen"})],
        3: [("recall", {"name": "fox"}), ("recall", {"name": "wolf"})],
    }
    console = steer(make_plan(PLAIN, frame_count=5), tmp_path, orders)
    assert console.column("angle") == [0, 5, 0, 5, 5]
    assert console.column("zoom") == [1, 1, 1.1, 1, 1]
    assert [prompts[0][0] for prompts in console.column("prompts")] == ["a cat", "a fox", "a hen", "a fox", "a fox"]
    assert "no snapshot" in console.acks[8].refused


def test_the_same_commands_at_the_same_frames_give_the_same_film(tmp_path):
    orders = {2: [moving("angle", 3, 5, easing="ease-in"), ("prompt", {"a": "x", "b": "y", "morph": 0.3})]}
    plan = make_plan(BUSY_2D, frame_count=12)
    films = [steer(plan, tmp_path / name, orders).sink for name in "ab"]
    assert films[0].records == films[1].records
    assert np.array_equal(films[0].video, films[1].video)


EDGES = (100, 200)
BLEND = {"kind": "blend", "a": "red", "b": "blue", "value": 0.3}
WEIGHT = {"kind": "weight", "a": "red", "value": 1.4, "frames": 3}
TEXTS = {"a": "a {{x}} fox", "b": "hens AND eggs :0.5", "negative": "rain", "morph": 0.25, "bindings": {"x": BLEND}}
LOOP_OFF = ("loop", {"off": True})
SESSION = {
    3: [moving("strength_schedule", 0.4, 5, easing="ease"), setting("noise_schedule", 0.1)],
    4: [setting("cfg_scale_schedule", 5.5), setting("steps_schedule", 7), ("prompt", TEXTS)],
    6: [setting("diffusion_cadence", 2), setting("seed", 1234), setting("seed_behavior", "random")],
    8: [("prompt", {"morph": 0.75, "frames": 4, "bindings": {"x": WEIGHT}})],
    10: [setting("noise_multiplier_schedule", 1.3), ("prompt", {"mode": "after"})],
    12: [("rewind", {"frame": 7, "restore_values": True}), setting("contrast_schedule", 1.1)],
    14: [("rewind", {"frame": 2})],
    16: [("extend", {"frames": 3}), ("prompt", {"mode": "before"}), setting("seed", 5)],
}


@pytest.mark.parametrize("mode", ["2d", "2d, flow cadence", "3d", "hybrid", "video input", "interpolation"])
def test_a_steered_session_renders_to_the_same_frames(mode, tmp_path):
    moves = {
        "3d": [moving("translation_z", 4, 6), setting("rotation_3d_y", 2), moving("fov_schedule", 90, 3)],
        "video input": [],
        "interpolation": [],
    }.get(mode, [moving("angle", 3, 6), setting("translation_x", 2), moving("zoom", 0.05, 3)])
    orders = {**SESSION, 5: moves}
    plan = make_plan(MODES[mode], frame_count=18)
    console = steer(plan, tmp_path / "live", orders, source=Video())
    assert console.sink.frames_done == 21
    assert sum(ack.refused is None for ack in console.told) >= 12
    assert_replays(console, plan, tmp_path, source=Video())


def test_a_session_of_controlnets_renders_to_the_same_frames(tmp_path):
    specs = (ControlNetSpec("canny", "a", weight=0.8, start=0.1), ControlNetSpec("tile", "b"))
    settings = {**BUSY_2D, "cn_2_enabled": True, "cn_2_weight": "0:(0.5), 9:(1)", "cn_2_loopback_mode": True}
    orders = {
        2: [moving("cn_1_weight", 1.6, 4), setting("cn_1_guidance_end", 0.7)],
        4: [setting("cn_2_enabled", 0), setting("cn_3_weight", 1)],
        7: [setting("cn_2_enabled", mode="schedule"), setting("cn_1_weight", mode="schedule")],
        8: [setting("cn_1_low_threshold", 30), moving("cn_1_high_threshold", 100, 2)],
    }
    plan = make_plan({**settings, "diffusion_cadence": 1}, frame_count=10, controlnets=specs)
    engine, again = FormulaEngine(), FormulaEngine()
    console = steer(plan, tmp_path / "live", orders, engine=engine, source=Video())
    # A unit that looks at the frame before has nothing to look at in the first one.
    weights = [[spec.weight for spec in call.generation.controlnets] for call in engine.calls]
    assert weights[:5] == [[0.8], [0.8, pytest.approx(0.5 + 0.5 / 9)], [1.0, pytest.approx(0.5 + 1 / 9)],
                           [1.2, pytest.approx(0.5 + 1.5 / 9)], [1.4]]  # fmt: skip
    assert weights[7][0] == 0.8
    assert [call.generation.thresholds for call in engine.calls][7:] == [(), ((30, 150), EDGES), ((30, 100), EDGES)]
    assert "can't be steered" in console.acks[4].refused
    replayed(console, plan, tmp_path, engine=again, source=Video())
    assert [call.generation for call in engine.calls] == [call.generation for call in again.calls]


def test_a_live_prompt_may_name_any_lora_of_the_plan(tmp_path):
    loras = (LoraSpec("/x/ink.safetensors", 0.7), LoraSpec("/x/oil.safetensors", 0.4))
    settings = {**PLAIN, "prompts": {"0": "a cat", "6": "a cat <lora:oil:0.2>"}}
    orders = {
        2: [("prompt", {"a": "a fox <lora:ink:1.5>"})],
        4: [("prompt", {"a": "a fox <lora:gold:1>"})],
        5: [("prompt", {"mode": "before"})],
    }
    plan = make_plan(settings, frame_count=8, loras=loras)
    engine, again = FormulaEngine(), FormulaEngine()
    console = steer(plan, tmp_path / "live", orders, engine=engine)
    used = [{spec.location[3:6]: spec.weight for spec in call.generation.loras} for call in engine.calls]
    assert used == [{"ink": 0.7}] * 2 + [{"ink": 1.5}] * 4 + [{"ink": 1.5, "oil": 0.2}] * 2
    assert "unknown LoRA 'gold'" in console.acks[2].refused
    replayed(console, plan, tmp_path, engine=again)
    assert [call.generation for call in engine.calls] == [call.generation for call in again.calls]


def test_a_prompt_that_moves_can_be_recorded(tmp_path):
    long = {"a": "a fox " * 400, "b": "a hen", "morph": 1, "frames": 50}
    orders = {1: [("prompt", long), ("prompt", {**long, "frames": 4})]}
    console = steer(make_plan(PLAIN, frame_count=6), tmp_path, orders)
    assert "too long a prompt" in console.acks[1].refused
    assert console.acks[2].refused is None
    again = replayed(console, make_plan(PLAIN, frame_count=6), tmp_path)
    assert [record["prompts"] for record in again.records] == console.column("prompts")


def test_snapshots_do_not_fill_the_checkpoint(tmp_path):
    text = ("prompt", {"a": "fox " * 1_500, "b": "hen " * 1_500, "negative": "rain " * 500})
    orders = {1: [text, *(("snapshot", {"name": str(n)}) for n in range(60))]}
    console = steer(make_plan(PLAIN, frame_count=3), tmp_path, orders)
    kept = [ack for ack in console.told[1:] if ack.refused is None]
    assert 5 < len(kept) < 20
    assert "too much text" in console.told[-1].refused
    few = steer(make_plan(PLAIN, frame_count=3), tmp_path / "few", {1: orders[1][1:]})
    assert sum(ack.refused is None for ack in few.told) == 50


def test_a_checkpoint_that_another_render_goes_on_from_carries_values_and_no_commands(tmp_path):
    plan = make_plan(PLAIN, frame_count=4)
    orders = {2: [setting("angle", 2), ("extend", {"frames": 1}), ("loop", {"start": 3, "end": 4})], 4: [LOOP_OFF]}
    console = steer(plan, tmp_path, orders)
    checkpoint.carry_over(tmp_path / "state")
    live = checkpoint.live_state(tmp_path / "state")
    assert (live.last_number, live.extended, live.acks, live.loop) == (0, 0, (), None)
    again = Console(console.sink, {5: [setting("angle", 3)]})
    steer(replace(plan, frame_count=7), tmp_path, console=again)
    assert again.column("angle") == [0, 0, 2, 2, 2, 3, 3]
    assert again.acks[1].frame == 5


def test_3d_with_everything_at_once_is_reproducible(tmp_path):
    plan = make_plan({**BUSY_3D, "color_coherence": "LAB"}, frame_count=12)
    orders = {4: [moving("rotation_3d_z", 20, 8, easing="ease-out"), setting("diffusion_cadence", 3)]}
    console = steer(plan, tmp_path / "live", orders)
    assert_replays(console, plan, tmp_path)
