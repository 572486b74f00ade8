"""Sessions drawn at random: whatever was commanded, the record renders to the same film, and kills change nothing."""

import random
from collections.abc import Sequence

import numpy as np
import pytest

from studio.rendering.deforum.steering.table import STEERABLE
from studio.rendering.deforum.tests.consoles import Console, steer
from studio.rendering.deforum.tests.doubles import MemorySink
from studio.rendering.deforum.tests.support import make_plan
from studio.rendering.deforum.tests.test_animator import MODES
from studio.rendering.deforum.tests.test_steering import BLEND, WEIGHT, Video, replayed
from studio.rendering.plan import ControlNetSpec, LoraSpec

PARTS = {"loras": (LoraSpec("/x/ink.safetensors", 0.7),), "controlnets": (ControlNetSpec("canny", "a", weight=0.8),)}


class Killed(Exception):
    """The process died."""


class Dying(Console):
    """A console whose render dies after so many calls."""

    left = 10**9

    def commands(self, after: int) -> Sequence:
        found = super().commands(after)
        self._tick()
        return found

    def applied(self, acks: Sequence) -> None:
        self._tick()
        super().applied(acks)
        self._tick()

    def _tick(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


def wish(rng):
    """A parameter and a value that it may have; movement stays small, so that pictures stay pictures."""
    parameter = rng.choice(list(STEERABLE.values()))
    mode = rng.choice(parameter.modes)
    if mode == "schedule":
        return parameter.name, {"mode": mode}
    if parameter.choices:
        return parameter.name, {"mode": mode, "value": rng.choice([c for c in parameter.choices if c != "schedule"])}
    low, high = (1, 5) if parameter.name == "diffusion_cadence" and mode == "replace" else parameter.range(mode)
    value = rng.uniform(low, high) * (0.05 if parameter.group == "motion" and low < 0 else 1)
    return parameter.name, {"mode": mode, "value": int(value) if parameter.whole else round(value, rng.randint(1, 8))}


def prompt(rng):
    """Some of what a prompt may say."""
    said = {
        "a": rng.choice(["a fox", "a {{x}} hen AND b :.3", "x <lora:ink:1.2>", "", "a :0.5"]),
        "b": rng.choice(["a sea", "{{x}} {{y}}", "q --neg z", ""]),
        "negative": rng.choice(["rain", "", "{{x}} mud"]),
        "morph": round(rng.random(), 3),
        "mode": rng.choice(["schedule", "replace", "before", "after"]),
        "bindings": {"x": rng.choice([BLEND, WEIGHT, None]), "y": rng.choice([BLEND, WEIGHT, None])},
    }
    return {**{key: said[key] for key in said if rng.random() < 0.6}, "frames": rng.randint(0, 5)}


def order(rng, done):
    """A command that may be given after so many frames."""
    values = dict(wish(rng) for _ in range(rng.randint(1, 3)))
    first = max(0, done - rng.randint(1, 8))
    way = {"frames": rng.randint(0, 8), "easing": rng.choice(["linear", "ease"]), "exponential": rng.random() < 0.3}
    return rng.choice(
        [
            ("set", {"values": values}),
            ("set_smooth", {"values": values, **way}),
            ("prompt", prompt(rng)),
            ("rewind", {"frame": first, "restore_values": rng.random() < 0.5}),
            ("replay", {"start": first, "end": max(first, done - 2), "prompts": rng.choice(["replay", "live"])}),
            ("snapshot", {"name": "x"}),
            ("recall", {"name": "x"}),
            ("extend", {"frames": 1}),
            ("loop", {"off": True}),
        ]
    )


def session(rng):
    return {done: [order(rng, done) for _ in range(rng.randint(1, 3))] for done in rng.sample(range(16), 8)}


@pytest.mark.parametrize("seed", range(12))
def test_any_session_is_recorded_and_survives_kills(seed, tmp_path):
    rng = random.Random(seed)
    mode = list(MODES)[seed % len(MODES)]
    plan = make_plan({**MODES[mode], "diffusion_cadence": rng.choice([1, 2, 4])}, frame_count=16, **PARTS)
    orders = session(rng)
    console = steer(plan, tmp_path / "straight", orders, source=Video(40))
    assert any(ack.refused is None for ack in console.told)
    again = replayed(console, plan, tmp_path, source=Video(40))
    assert np.array_equal(console.sink.video, again.video)

    dying = Dying(MemorySink(), {done: list(given) for done, given in orders.items()})
    for attempt in range(11):
        dying.left = rng.randint(1, 9) if attempt < 10 else 10**9
        try:
            steer(plan, tmp_path / "killed", console=dying, source=Video(40))
            break
        except Killed:
            continue
    assert dying.acks == console.acks
    assert np.array_equal(dying.sink.video, console.sink.video)
