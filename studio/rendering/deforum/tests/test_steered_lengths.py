"""Steering: films that are stopped, extended and paused."""

import numpy as np
import pytest

from studio.rendering.deforum.tests.consoles import Console, setting, steer
from studio.rendering.deforum.tests.doubles import FormulaEngine, MemorySink
from studio.rendering.deforum.tests.support import make_plan, render
from studio.rendering.deforum.tests.test_animator import BUSY_2D
from studio.rendering.errors import Cancelled, Paused

PLAIN = {"prompts": {"0": "a cat"}, "strength_schedule": 0.6}


def test_a_film_is_stopped_with_the_frames_that_are_done(tmp_path):
    plan = make_plan(PLAIN, frame_count=9)
    console = steer(plan, tmp_path, {0: [("stop", {})], 4: [("stop", {}), setting("zoom", 0.1)]})
    assert console.sink.frames_done == 4
    assert "no frame is done" in console.acks[1].refused
    assert console.acks[2].refused is None
    assert "was ended" in console.acks[3].refused
    engine = FormulaEngine()
    steer(plan, tmp_path, console=console, engine=engine)
    assert (console.sink.frames_done, engine.calls) == (4, [])


def test_a_film_is_extended_while_it_runs(tmp_path):
    settings = {**PLAIN, "angle": "0:(max_f)", "diffusion_cadence": 2}
    plan = make_plan(settings, frame_count=6)
    console = steer(plan, tmp_path, {2: [("extend", {"frames": 3})], 9: [("extend", {"frames": 1})]})
    assert console.column("angle") == [5, 5, 8, 8, 8, 8, 8, 8, 8, 9]
    assert [console.acks[n].effective for n in (1, 2)] == [{"frames": 9}, {"frames": 10}]
    steer(plan, tmp_path, console=console)
    assert console.sink.frames_done == 10


def test_a_film_can_not_be_extended_to_what_its_settings_can_not_say(tmp_path):
    settings = {**PLAIN, "zoom": "0:(1/(8-t))"}
    orders = {1: [("extend", {"frames": 5}), ("extend", {"frames": 14_400}), ("extend", {"frames": 1})]}
    console = steer(make_plan(settings, frame_count=6), tmp_path, orders)
    assert "division by zero at frame 8" in console.acks[1].refused
    assert "at most 14400" in console.acks[2].refused
    assert console.acks[3].refused is None
    assert console.sink.frames_done == 7
    preview = steer(make_plan(PLAIN, frame_count=9, frame_limit=3), tmp_path / "p", {1: [("extend", {"frames": 1})]})
    assert "preview" in preview.acks[1].refused
    assert preview.sink.frames_done == 3


def test_a_pause_keeps_the_frames_and_gives_the_device_back(tmp_path):
    plan = make_plan(BUSY_2D, frame_count=9)
    console = Console(MemorySink(), {3: [("pause", {})]})
    for _ in range(2):
        with pytest.raises(Paused) as paused:
            steer(plan, tmp_path, console=console)
        assert paused.value.frame == console.sink.frames_done == 3
    assert console.acks[1].frame == 3
    console.give(("resume", {}))
    steer(plan, tmp_path, console=console)
    assert np.array_equal(console.sink.video, render(plan, tmp_path / "other").video)


def test_a_paused_animation_hears_commands(tmp_path):
    plan = make_plan(PLAIN, frame_count=6)
    waiting = [[], [setting("angle", 2)], [("rewind", {"frame": 0})], [("extend", {"frames": 1})], [("resume", {})]]
    console = Console(MemorySink(), {3: [("pause", {})]}, waiting)
    steer(plan, tmp_path, console=console)
    assert [(ack.number, ack.frame) for ack in console.told] == [(1, 3), (2, 3), (3, 1), (4, 1), (5, 1)]
    assert console.column("angle") == [0, 2, 2, 2, 2, 2, 2]


def test_a_worker_that_is_stopped_as_a_pause_begins_hands_it_back_as_a_pause(tmp_path):
    """Its port tells it to stop and, asked about the pause, to give the device back."""
    plan = make_plan(PLAIN, frame_count=6)
    console = Console(MemorySink(), {2: [("pause", {})]})
    with pytest.raises(Paused):
        steer(plan, tmp_path, console=console, should_stop=lambda: bool(console.told))
    assert console.sink.frames_done == 2


def test_a_paused_animation_can_be_cancelled_and_stopped(tmp_path):
    plan = make_plan(PLAIN, frame_count=6)
    console = Console(MemorySink(), {2: [("pause", {})]}, [[]] * 9)
    with pytest.raises(Cancelled):
        steer(plan, tmp_path / "a", console=console, should_stop=lambda: len(console.waiting) < 5)
    console = Console(MemorySink(), {2: [("pause", {})]}, [[("stop", {})]])
    steer(plan, tmp_path / "b", console=console)
    assert console.sink.frames_done == 2
