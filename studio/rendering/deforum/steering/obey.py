"""What each command does to the live state, and to the animation: the rules, without the animation."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import singledispatch

from studio.rendering.deforum.parameters import FrameParameters
from studio.rendering.deforum.steering.commands import (
    JSON,
    MAX_BINDINGS,
    Action,
    Command,
    Extend,
    Loop,
    Pause,
    Prompt,
    Recall,
    Replay,
    Resume,
    Rewind,
    Set,
    Snapshot,
    Stop,
    parse,
)
from studio.rendering.deforum.steering.live import LiveState, Replaying
from studio.rendering.deforum.steering.live import Loop as LoopState
from studio.rendering.deforum.steering.replay import begun
from studio.rendering.diffusion.emphasis import PromptSyntaxError
from studio.rendering.errors import PlanError

LOOP_TURNS = 100
"""How often a loop that nobody ends is rendered: no console that is gone keeps a device for ever."""
MAX_SNAPSHOTS = 50
MAX_SNAPSHOT_TEXT = 200_000
"""Characters of all snapshots together: they are in every checkpoint."""
MAX_MOVING_TEXT = 100_000
"""Characters that one command may add to the record, which has every prompt that is another than the one before."""

OWN_SEED = -1
"""Instead of a seed: the one that the settings would have had by now."""


class Refusal(Exception):
    """A command that can't be followed here and now; says why."""


@dataclass(frozen=True)
class Scene:
    """Where an animation stands when a command is read."""

    frame: int
    """The next frame."""
    total: int
    """The film's frames."""
    rows: Sequence[FrameParameters]
    """What the settings say of each of them."""
    row: FrameParameters
    """What they, or a replay, say of the next."""
    in_force: Callable[[LiveState], FrameParameters]
    """What is in force at the next frame with a live state."""
    names: Collection[str]
    """What can be steered in it."""
    loras: Collection[str]
    """Those that a prompt may name."""
    named: frozenset[str]
    """Those that the settings' prompts name."""
    seed_behavior: str
    seed_iter_N: int
    """The settings' own."""
    earliest: Callable[[int], int | None]
    """Whether the animation can go back to so many frames: None if so, or the fewest that it can go back to."""
    lengthen: Callable[[int], None]
    """Checks that it can have so many frames in all. Raises PlanError."""


@dataclass(frozen=True)
class Outcome:
    """What a command came to."""

    live: LiveState
    effective: Mapping[str, JSON] = field(default_factory=dict)
    seed: int | None = None
    """The next diffused frame's, or OWN_SEED."""
    rewind_to: int | None = None
    """So many frames stay."""
    restore: bool = False
    """Rewinding, take the live values of then."""
    records: tuple[int, int] | None = None
    """Rewinding, keep the records of the frames from the one to the other, for a replay."""


def obey(command: Command, live: LiveState, scene: Scene) -> Outcome:
    """What ``command`` makes of ``live``. Raises Refusal."""
    try:
        return _obey(parse(command, names=scene.names), live, scene)
    except PlanError as error:
        raise Refusal(error.message) from None


@singledispatch
def _obey(action: Action, live: LiveState, scene: Scene) -> Outcome:
    raise Refusal("nothing is known of this command")


@_obey.register
def _set(action: Set, live: LiveState, scene: Scene) -> Outcome:
    changed = live.with_values(action, scene.row)
    seed = None
    if wish := action.values.get("seed"):
        if (changed.seed_behavior or scene.seed_behavior) == "schedule":
            raise Refusal("values.seed: the seed follows a schedule; set seed_behavior, too")
        seed = OWN_SEED if wish.value is None else int(wish.value)
    return Outcome(changed, _effective(tuple(action.values), changed, scene), seed=seed)


@_obey.register
def _prompt(action: Prompt, live: LiveState, scene: Scene) -> Outcome:
    prompt = live.prompt.changed(action)
    if len(prompt.bindings) > MAX_BINDINGS:
        raise Refusal(f"bindings: more than {MAX_BINDINGS}")
    ahead = {id(row.prompt): row.prompt for row in (scene.row, *scene.rows[scene.frame :])}
    try:
        for scheduled in ahead.values():
            made = prompt.checked(scheduled, scene.named) if prompt.alters else scheduled
            unknown = sorted(set(made.loras) - set(scheduled.loras) - set(scene.loras))
            if unknown:
                raise Refusal(f"unknown LoRA {unknown[0][:80]!r}")
            if len(made.to_text()) * prompt.frames_left > MAX_MOVING_TEXT:
                raise Refusal("frames: too long a prompt to be another one in so many frames")
    except PromptSyntaxError as error:
        raise Refusal(f"prompt: {error}") from None
    changed = replace(live, prompt=prompt)
    return Outcome(changed, _prompt_of(scene.in_force(changed)))


@_obey.register
def _pause(action: Pause, live: LiveState, scene: Scene) -> Outcome:
    return Outcome(replace(live, paused=True))


@_obey.register
def _resume(action: Resume, live: LiveState, scene: Scene) -> Outcome:
    return Outcome(replace(live, paused=False))


@_obey.register
def _stop(action: Stop, live: LiveState, scene: Scene) -> Outcome:
    if scene.frame == 0:
        raise Refusal("no frame is done yet; cancel the render instead")
    return Outcome(replace(live, stopped=True, paused=False, loop=None), {"frames": scene.frame})


@_obey.register
def _rewind(action: Rewind, live: LiveState, scene: Scene) -> Outcome:
    _check_done("frame", action.frame, scene)
    _check_reach("frame", action.frame + 1, scene)
    replaying = live.replaying if live.replaying and action.frame + 1 >= live.replaying.start else None
    rewound = replace(live, replaying=replaying)
    return Outcome(rewound, {"frame": action.frame}, rewind_to=action.frame + 1, restore=action.restore_values)


@_obey.register
def _loop(action: Loop, live: LiveState, scene: Scene) -> Outcome:
    if action.start is None or action.end is None:
        return Outcome(replace(live, loop=None))
    if action.end >= scene.total:
        raise Refusal(f"end: the film's last frame is {scene.total - 1}")
    if action.start < scene.frame:
        _check_reach("start", action.start + 1, scene)
    return Outcome(replace(live, loop=LoopState(action.start, action.end, LOOP_TURNS)))


@_obey.register
def _snapshot(action: Snapshot, live: LiveState, scene: Scene) -> Outcome:
    snapshots = {**live.snapshots, action.name: live.values_json()}
    if len(snapshots) > MAX_SNAPSHOTS:
        raise Refusal(f"name: there are {MAX_SNAPSHOTS} snapshots already")
    if len(json.dumps(snapshots)) > MAX_SNAPSHOT_TEXT:
        raise Refusal("name: the snapshots hold too much text already")
    return Outcome(replace(live, snapshots=snapshots))


@_obey.register
def _recall(action: Recall, live: LiveState, scene: Scene) -> Outcome:
    if action.name not in live.snapshots:
        raise Refusal("name: there is no snapshot of this name")
    recalled = live.with_values_json(live.snapshots[action.name])
    effective = _effective(tuple(recalled.overrides), recalled, scene)
    return Outcome(recalled, {**effective, **_prompt_of(scene.in_force(recalled))})


@_obey.register
def _extend(action: Extend, live: LiveState, scene: Scene) -> Outcome:
    scene.lengthen(scene.total + action.frames)
    extended = replace(live, extended=live.extended + action.frames)
    return Outcome(extended, {"frames": scene.total + action.frames})


@_obey.register
def _replay(action: Replay, live: LiveState, scene: Scene) -> Outcome:
    _check_done("end", action.end, scene)
    _check_reach("start", action.start, scene)
    range_ = Replaying(live.last_number, action.start, action.end, action.movements, action.prompts, action.others)
    effective = {"frame": action.start - 1}
    return Outcome(begun(live, range_), effective, rewind_to=action.start, records=(action.start, action.end))


def _check_done(field: str, frame: int, scene: Scene) -> None:
    if frame >= scene.frame:
        raise Refusal(f"{field}: frame {frame} is not done yet; the last that is done is {scene.frame - 1}")


def _check_reach(field: str, count: int, scene: Scene) -> None:
    earliest = scene.earliest(count)
    if earliest is not None:
        raise Refusal(f"{field}: the animation can't go back further than to frame {earliest - 1}")


def _effective(names: Sequence[str], live: LiveState, scene: Scene) -> dict[str, object]:
    """The named parameters as they are at the next frame."""
    recorded = scene.in_force(live).record(seed=0, diffused=True)
    found: dict[str, object] = {}
    for name in names:
        if name == "seed_behavior":
            found[name] = live.seed_behavior or scene.seed_behavior
        elif name == "seed_iter_N":
            found[name] = live.seed_iter_N or scene.seed_iter_N
        elif name.endswith("_enabled"):
            override = live.overrides.get(name)
            found[name] = override.effective(1.0) if override else 1.0
        elif name != "seed":
            found[name] = recorded.get(name)
    return found


def _prompt_of(row: FrameParameters) -> dict[str, object]:
    recorded = row.record(seed=0, diffused=True)
    return {name: recorded[name] for name in ("prompts", "negative_prompt", "loras")}
