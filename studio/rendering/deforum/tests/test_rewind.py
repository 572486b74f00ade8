"""Going back: earlier states bit for bit, loops, total recall; and kills between a command and its ack."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from studio.rendering.deforum import checkpoint
from studio.rendering.deforum.steering import history as histories
from studio.rendering.deforum.steering.obey import LOOP_TURNS
from studio.rendering.deforum.tests.consoles import Console, moving, setting, steer
from studio.rendering.deforum.tests.doubles import FormulaEngine, MemorySink
from studio.rendering.deforum.tests.support import make_plan, render
from studio.rendering.deforum.tests.test_animator import MODES
from studio.rendering.deforum.tests.test_steering import PLAIN, Video, assert_replays
from studio.rendering.errors import Paused, RenderError
from studio.rendering.pictures.tests.doubles import RampDepth


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("frame", [0, 4, 6, 9])
def test_going_back_and_on_with_unchanged_values_gives_the_same_frames(mode, frame, tmp_path):
    plan = make_plan(MODES[mode], frame_count=14)
    straight = render(plan, tmp_path / "straight", source=Video())
    console = steer(plan, tmp_path / "live", {12: [("rewind", {"frame": frame})]}, source=Video())
    assert console.acks[1].frame == frame + 1
    assert console.sink.records == straight.records
    assert np.array_equal(console.sink.video, straight.video)


def test_going_back_needs_no_diffusion_but_of_the_frames_that_were_dropped(tmp_path):
    engine = FormulaEngine()
    plan = make_plan(MODES["2d"], frame_count=12)
    steer(plan, tmp_path, {9: [("rewind", {"frame": 4})]}, engine=engine)
    # Groups begin at 0, 3, 6 and 9; frame 5 is the rest of one.
    assert len(engine.calls) == 3 + 2


def test_depth_is_seen_again(tmp_path):
    plan = make_plan(MODES["3d"], frame_count=12)
    straight = render(plan, tmp_path / "straight", depth=RampDepth())
    console = steer(plan, tmp_path / "live", {10: [("rewind", {"frame": 5})]}, depth=RampDepth())
    assert np.array_equal(console.sink.video, straight.video)


@pytest.mark.parametrize("restore", [False, True])
def test_values_are_restored_or_kept(restore, tmp_path):
    orders = {
        2: [moving("angle", 4, 4), ("prompt", {"a": "a fox"})],
        6: [setting("angle", -1), ("prompt", {"a": "a hen"}), setting("seed", 50)],
        8: [("rewind", {"frame": 3, "restore_values": restore})],
    }
    console = steer(make_plan({**PLAIN, "seed_behavior": "iter"}, frame_count=9, seed=7), tmp_path, orders)
    rest = [3, 4, 4, 4, 4] if restore else [-1] * 5
    assert console.column("angle") == [0, 0, 1, 2, *rest]
    animal = "a fox" if restore else "a hen"
    assert [prompts[0][0] for prompts in console.column("prompts")] == ["a cat"] * 2 + ["a fox"] * 2 + [animal] * 5
    assert console.column("seed") == list(range(7, 16))


def test_a_film_can_go_back_more_than_once_and_after_its_last_frame(tmp_path):
    plan = make_plan(MODES["2d"], frame_count=12)
    console = Console(
        MemorySink(), {12: [("rewind", {"frame": 9}), ("rewind", {"frame": 2}), ("rewind", {"frame": 1})]}
    )
    steer(plan, tmp_path, console=console)
    # Each is obeyed, and a frame that was dropped can't be gone back to.
    assert [ack.frame for ack in console.told] == [10, 3, 2]
    assert np.array_equal(console.sink.video, render(plan, tmp_path / "straight").video)
    assert console.column("frame") == list(range(12))


def test_what_was_read_before_it_holds(tmp_path):
    before = [("extend", {"frames": 2}), setting("angle", 2), ("snapshot", {"name": "x"})]
    after = [("recall", {"name": "x"}), ("extend", {"frames": 1})]
    console = steer(make_plan(PLAIN, frame_count=5), tmp_path, {3: [*before, ("rewind", {"frame": 1}), *after]})
    assert console.column("angle") == [0, 0, 2, 2, 2, 2, 2, 2]
    assert [ack.frame for ack in console.told] == [3, 3, 3, 2, 2, 2]
    assert console.acks[6].effective == {"frames": 8}


def test_frames_that_are_not_there_are_refused(tmp_path):
    orders = {3: [("rewind", {"frame": 3}), ("rewind", {"frame": 99}), ("replay", {"start": 0, "end": 3})]}
    console = steer(make_plan(PLAIN, frame_count=5), tmp_path, orders)
    assert all("not done yet; the last that is done is 2" in ack.refused for ack in console.told)


def test_what_came_with_a_checkpoint_stays(tmp_path):
    preview = render(make_plan(MODES["2d"], frame_count=12, frame_limit=5), tmp_path / "preview")
    shutil.copytree(tmp_path / "preview", tmp_path / "live" / "state")
    console = Console(preview, {7: [("rewind", {"frame": 2}), ("rewind", {"frame": 4})]})
    steer(make_plan(MODES["2d"], frame_count=12), tmp_path / "live", console=console)
    assert "further than to frame 4" in console.acks[1].refused
    assert console.acks[2].refused is None
    assert np.array_equal(console.sink.video, render(make_plan(MODES["2d"], frame_count=12), tmp_path / "s").video)


def test_a_source_that_is_read_once_can_not_be_gone_back_in(tmp_path):
    plan = make_plan(MODES["hybrid"], frame_count=6)
    console = steer(plan, tmp_path, {4: [("rewind", {"frame": 1})]}, source=iter(Video()))
    assert "can't go back further than to frame 5" in console.acks[1].refused
    assert console.sink.frames_done == 6


def test_the_oldest_goes_when_there_is_too_much(tmp_path, monkeypatch):
    # A picture of 64x48 is 9,344 bytes as it is kept.
    monkeypatch.setattr(histories, "MOST_BYTES", 40_000)
    orders = {9: [("rewind", {"frame": 2}), ("rewind", {"frame": 6})]}
    console = steer(make_plan(PLAIN, frame_count=10), tmp_path, orders)
    assert "can't go back further than to frame 5" in console.acks[1].refused
    assert console.acks[2].refused is None
    assert len(list((tmp_path / "history").glob("*.npy"))) <= 4
    assert np.array_equal(console.sink.video, render(make_plan(PLAIN, frame_count=10), tmp_path / "s").video)


def test_a_disk_without_room_ends_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(histories, "SPARE_BYTES", 2**62)
    console = steer(make_plan(PLAIN, frame_count=4), tmp_path, {2: [("rewind", {"frame": 0})]})
    assert "can't go back" in console.acks[1].refused
    assert console.sink.frames_done == 4


def test_a_loop_is_rendered_again_until_it_is_ended(tmp_path):
    plan = make_plan(MODES["2d, every frame"], frame_count=8)
    turns = {3: [setting("zoom", 0.2)], 4: [("loop", {"off": True})]}

    class Watching(Console):
        passed = 0

        def commands(self, after: int) -> Sequence:
            if self.sink.frames_done == 4:
                self.passed += 1
                self.give(*turns.pop(self.passed, ()))
            return super().commands(after)

    console = Watching(MemorySink(), {1: [("loop", {"start": 2, "end": 4})]})
    steer(plan, tmp_path, console=console)
    assert console.passed == 4
    assert console.sink.frames_done == 8
    straight = render(plan, tmp_path / "straight")
    # Frame 3 is of the last turn, which began after the change.
    assert np.array_equal(console.sink.video[:3], straight.video[:3])
    more = np.subtract(console.column("zoom"), [record["zoom"] for record in straight.records])
    assert more == pytest.approx([0, 0, 0] + [0.2] * 5, abs=1e-5)


def test_a_loop_that_nobody_ends_ends(tmp_path):
    engine = FormulaEngine()
    steer(make_plan(PLAIN, frame_count=4), tmp_path, {0: [("loop", {"start": 0, "end": 1})]}, engine=engine)
    assert len(engine.calls) == 4 + LOOP_TURNS


RECORDED = {
    2: [setting("angle", 3), ("prompt", {"a": "a fox"}), setting("cfg_scale_schedule", 4), setting("seed", 90)],
    5: [setting("angle", 1), ("prompt", {"a": "a hen"}), setting("cfg_scale_schedule", 9)],
}


def test_a_range_is_replayed_as_it_was(tmp_path):
    plan = make_plan(PLAIN, frame_count=10, seed=7)
    console = Console(MemorySink(), {**RECORDED, 8: [("replay", {"start": 3, "end": 6})]})
    before = []

    class Keeping(Console):
        def commands(self, after: int) -> Sequence:
            if self.sink.frames_done == 8 and not before:
                before.append(self.sink.video)
            return super().commands(after)

    console = Keeping(MemorySink(), dict(console.orders))
    steer(plan, tmp_path / "live", console=console)
    assert console.acks[8].frame == 3
    assert np.array_equal(console.sink.video[:7], before[0][:7])
    # What was replayed is live no more when it is over.
    assert console.column("angle") == [0, 0, 3, 3, 3, 1, 1, 0, 0, 0]
    assert console.column("cfg_scale_schedule") == [7, 7, 4, 4, 4, 9, 9, 7, 7, 7]
    assert console.column("seed") == [7, 8, 90, 91, 92, 93, 94, 95, 96, 97]
    assert_replays(console, plan, tmp_path)


def test_movements_are_replayed_with_new_prompts_and_more_movement_on_top(tmp_path):
    orders = {
        **RECORDED,
        8: [("prompt", {"a": "an owl"}), ("replay", {"start": 2, "end": 6, "prompts": "live", "others": "live"})],
    }
    plan = make_plan(PLAIN, frame_count=9, seed=7)
    console = Console(MemorySink(), orders, [[setting("angle", 0.5)], [("resume", {})]])
    console.orders[8] = [*orders[8][:1], ("pause", {}), orders[8][1]]
    steer(plan, tmp_path / "live", console=console)
    assert console.column("angle") == [0, 0, 3.5, 3.5, 3.5, 1.5, 1.5, 0.5, 0.5]
    assert [prompts[0][0] for prompts in console.column("prompts")] == ["a cat"] * 2 + ["an owl"] * 7
    assert console.column("cfg_scale_schedule") == [7, 7] + [9] * 7
    assert console.column("seed") == list(range(7, 16))
    assert_replays(console, plan, tmp_path)


def test_a_replay_survives_a_kill_and_a_rewind_into_it(tmp_path):
    plan = make_plan(PLAIN, frame_count=10, seed=7)
    replaying = [("replay", {"start": 1, "end": 7, "others": "live"})]
    straight = steer(plan, tmp_path / "straight", {**RECORDED, 8: replaying})
    console = Console(MemorySink(), {**RECORDED, 8: [*replaying, ("pause", {})]})
    with pytest.raises(Paused):
        steer(plan, tmp_path / "live", console=console)
    console.give(("resume", {}))
    console.orders[6] = [("rewind", {"frame": 2})]
    steer(plan, tmp_path / "live", console=console)
    assert console.sink.records == straight.sink.records
    assert np.array_equal(console.sink.video, straight.sink.video)


class Killed(Exception):
    """The process died."""


@dataclass
class Dying(Console):
    """A console whose render dies at one of its calls."""

    dies: dict[str, int] = field(default_factory=dict)

    def _count(self, what: str) -> None:
        if what in self.dies:
            self.dies[what] -= 1
            if self.dies[what] == 0:
                raise Killed

    def commands(self, after: int) -> Sequence:
        found = super().commands(after)
        self._count("read")
        return found

    def applied(self, acks: Sequence) -> None:
        self._count("before the ack")
        super().applied(acks)
        self._count("after the ack")


ORDERS = {
    3: [moving("angle", 4, 4), ("prompt", {"a": "a fox"})],
    6: [("rewind", {"frame": 4})],
    7: [setting("seed", 77), ("extend", {"frames": 2})],
}


@pytest.mark.parametrize("call", ["read", "before the ack", "after the ack"])
@pytest.mark.parametrize("time", [1, 2, 3, 4])
def test_a_command_is_obeyed_once_at_one_frame_whenever_the_render_dies(call, time, tmp_path):
    plan = make_plan({**MODES["2d, every frame"], "prompts": {"0": "a cat"}}, frame_count=10)
    straight = steer(plan, tmp_path / "straight", ORDERS)
    dying = Dying(MemorySink(), dict(ORDERS), dies={call: time})
    try:
        steer(plan, tmp_path / "live", console=dying)
    except Killed:
        # A process that is gone took nothing that it had not written.
        steer(plan, tmp_path / "live", console=dying)
    assert dying.sink.records == straight.sink.records
    assert np.array_equal(dying.sink.video, straight.sink.video)
    assert dying.acks == straight.acks


class DyingSink(MemorySink):
    """Dies in the middle of an append: frames are in, the state that follows is not."""

    dies_at = 10**9

    def append(self, frames, records):
        super().append(frames, records)
        if self.frames_done >= self.dies_at:
            self.dies_at = 10**9
            raise Killed


@pytest.mark.parametrize("frames", range(4, 13))
def test_frames_without_their_state_are_rendered_again_with_the_same_commands(frames, tmp_path):
    plan = make_plan({**MODES["2d"], "prompts": {"0": "a cat"}, "diffusion_cadence": 1}, frame_count=10)
    straight = steer(plan, tmp_path / "straight", ORDERS)
    console = Console(DyingSink(), dict(ORDERS))
    console.sink.dies_at = frames
    for _ in range(2):
        try:
            steer(plan, tmp_path / "live", console=console)
        except Killed:
            continue
    assert console.sink.records == straight.sink.records
    assert np.array_equal(console.sink.video, straight.sink.video)
    assert console.acks == straight.acks


def test_a_kill_between_the_state_and_the_cut_of_a_rewind(tmp_path):
    plan = make_plan(MODES["2d"], frame_count=12)

    class Stuck(MemorySink):
        def truncate(self, count):
            raise Killed

    console = Console(Stuck(), {9: [("rewind", {"frame": 4})]})
    with pytest.raises(Killed):
        steer(plan, tmp_path / "live", console=console)
    assert checkpoint.load(tmp_path / "live" / "state").emitted == 5
    whole = MemorySink(console.sink.frames, console.sink.records)
    again = replace(console, sink=whole)
    steer(plan, tmp_path / "live", console=again)
    assert np.array_equal(whole.video, render(plan, tmp_path / "straight").video)


def test_a_history_that_a_crash_tore_is_no_reason_to_end(tmp_path):
    plan = make_plan(PLAIN, frame_count=8)
    console = Console(MemorySink(), {4: [("pause", {})]})
    with pytest.raises(Paused):
        steer(plan, tmp_path, console=console)
    turns = tmp_path / "history" / "turns.jsonl"
    turns.write_bytes(turns.read_bytes()[:-30])
    console.give(("resume", {}))
    console.orders[6] = [("rewind", {"frame": 1}), ("rewind", {"frame": 4}), ("pause", {})]
    with pytest.raises(Paused):
        steer(plan, tmp_path, console=console)
    (tmp_path / "history" / "000004.npy").write_bytes(b"")
    console.give(("rewind", {"frame": 4}), ("rewind", {"frame": 3}), ("resume", {}))
    steer(plan, tmp_path, console=console)
    assert "further than to frame 3" in console.acks[3].refused
    assert "further than to frame 3" in console.acks[6].refused
    assert console.acks[7].refused is None
    assert console.acks[4].refused is None
    assert console.sink.frames_done == 8


def test_recorded_values_that_are_gone_are_told(tmp_path):
    plan = make_plan(PLAIN, frame_count=8)
    console = Console(MemorySink(), {6: [("replay", {"start": 2, "end": 5}), ("pause", {})]})
    with pytest.raises(Paused):
        steer(plan, tmp_path, console=console)
    for path in (tmp_path / "state").glob("replay-*.jsonl"):
        path.unlink()
    console.give(("resume", {}))
    with pytest.raises(RenderError, match="recorded values"):
        steer(plan, tmp_path, console=console)
