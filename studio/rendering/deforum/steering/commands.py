"""What a console may ask of a running animation: numbered commands, and what each kind's body must look like.

A body is read strictly: a name that nobody knows is a mistake, and every mistake is told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from studio.rendering.deforum.prompts import MAX_LENGTH, read_prompt
from studio.rendering.deforum.steering.easing import EASINGS
from studio.rendering.deforum.steering.reading import Reader, Refused
from studio.rendering.deforum.steering.table import STEERABLE, Mode, Steerable
from studio.rendering.deforum.validation import MAX_FRAMES
from studio.rendering.diffusion.emphasis import PromptSyntaxError

MAX_SMOOTH_FRAMES = 100
MAX_BINDINGS = 20
MAX_BINDING_TEXT = 1_000
MAX_NAME = 80
BINDING_NAME = r"[A-Za-z0-9_-]{1,40}"

JSON = Any
"""What JSON can say."""

BindingKind = Literal["blend", "weight"]
PromptMode = Literal["schedule", "replace", "before", "after"]
_BINDING_KINDS: tuple[BindingKind, ...] = get_args(BindingKind)
PROMPT_MODES: tuple[PromptMode, ...] = get_args(PromptMode)


@dataclass(frozen=True)
class Command:
    """One command as it was stored. Numbers grow within a job; ``body`` is the kind's own."""

    number: int
    kind: str
    body: Mapping[str, JSON]


@dataclass(frozen=True)
class Ack:
    """What became of a command: ``frame`` is the first that it took effect at."""

    number: int
    frame: int
    effective: Mapping[str, JSON]
    """What is in force since: values by name, ``prompts``, ``seed``; empty when it was refused."""
    refused: str | None = None
    """Why nothing came of it."""


@dataclass(frozen=True)
class Wish:
    """One parameter's mode and value; None in mode ``schedule``."""

    mode: Mode
    value: float | str | None


@dataclass(frozen=True)
class Set:
    """Live values, at once or over ``frames``; ``exponential`` extends a goal that is under way."""

    values: Mapping[str, Wish]
    frames: int = 0
    easing: str = "linear"
    exponential: bool = False


@dataclass(frozen=True)
class Binding:
    """What ``{{name}}`` stands for: a blend of ``a`` (``value`` 0) and ``b`` (1), or ``a`` with the weight ``value``
    (0..2). It gets there over ``frames``; off, nothing stands there.
    """

    kind: BindingKind
    a: str
    b: str
    value: float
    frames: int
    easing: str
    on: bool


@dataclass(frozen=True)
class Prompt:
    """Changes of the live prompt; None leaves as it is. A binding that is None is taken away."""

    a: str | None
    b: str | None
    negative: str | None
    morph: float | None
    mode: PromptMode | None
    bindings: Mapping[str, Binding | None]
    frames: int = 0
    easing: str = "linear"
    """How ``morph`` gets to its new value."""


@dataclass(frozen=True)
class Pause:
    """No more frames until Resume."""


@dataclass(frozen=True)
class Resume:
    """Go on."""


@dataclass(frozen=True)
class Stop:
    """The film ends with the frames that are done."""


@dataclass(frozen=True)
class Rewind:
    """Drop the frames after ``frame`` and render them anew, with the live values of then if they are restored."""

    frame: int
    restore_values: bool


@dataclass(frozen=True)
class Loop:
    """After frame ``end`` go back to ``start``, again and again; without numbers: no more."""

    start: int | None
    end: int | None


@dataclass(frozen=True)
class Snapshot:
    """Keep the live values under a name."""

    name: str


@dataclass(frozen=True)
class Recall:
    """Put a snapshot's live values back."""

    name: str


@dataclass(frozen=True)
class Extend:
    """So many frames more."""

    frames: int


@dataclass(frozen=True)
class Replay:
    """Render ``start``..``end`` anew with the values recorded there, for what is not to be ``live``."""

    start: int
    end: int
    movements: bool
    prompts: bool
    others: bool


Action = Set | Prompt | Pause | Resume | Stop | Rewind | Loop | Snapshot | Recall | Extend | Replay


def parse(command: Command, *, names: Collection[str] | None = None) -> Action:
    """What ``command`` asks for. ``names`` are the parameters that can be steered in its job, None: all of them.

    Raises :class:`~studio.rendering.deforum.steering.reading.Refused`, a PlanError that also lists every fault.
    """
    if command.kind not in _KINDS:
        raise Refused({"kind": f"kind: expected one of {', '.join(_KINDS)}"})
    reader = Reader(command.body)
    action = _KINDS[command.kind](reader, STEERABLE.keys() if names is None else names)
    reader.finish()
    return action


def _set(reader: Reader, names: Collection[str]) -> Set:
    return Set(_wishes(reader, names))


def _set_smooth(reader: Reader, names: Collection[str]) -> Set:
    return Set(
        _wishes(reader, names),
        frames=int(reader.number("frames", 0, MAX_SMOOTH_FRAMES, whole=True)),
        easing=reader.choice("easing", tuple(EASINGS), "linear"),
        exponential=reader.flag("exponential", False),
    )


def _wishes(reader: Reader, names: Collection[str]) -> dict[str, Wish]:
    wishes = {}
    values = reader.objects("values")
    if not values and not reader.faults:
        reader.fault("values", "expected at least one parameter")
    for name, inner in values.items():
        parameter = STEERABLE.get(name)
        if parameter is None:
            inner.refuse("no parameter that can be steered")
        elif name not in names:
            inner.refuse("can't be steered in this animation")
        else:
            wishes[name] = _wish(inner, parameter)
    return wishes


def _wish(reader: Reader, parameter: Steerable) -> Wish:
    mode: Mode = reader.choice("mode", parameter.modes, parameter.default_mode)
    if reader.refuses("mode"):
        mode = parameter.default_mode
    if mode == "schedule":
        reader.absent("value", "a scheduled parameter has no value of its own")
        return Wish(mode, None)
    if parameter.choices:
        return Wish(mode, reader.choice("value", parameter.choices))
    low, high = parameter.range(mode)
    return Wish(mode, reader.number("value", low, high, whole=parameter.whole))


def _prompt(reader: Reader, names: Collection[str]) -> Prompt:
    bindings = {
        name: None if inner is None else _binding(inner)
        for name, inner in reader.optional_objects("bindings", pattern=BINDING_NAME, limit=MAX_BINDINGS).items()
    }
    return Prompt(
        a=_prompt_text(reader, "a"),
        b=_prompt_text(reader, "b"),
        negative=_prompt_text(reader, "negative"),
        morph=reader.optional_number("morph", 0, 1),
        mode=reader.optional_choice("mode", PROMPT_MODES),
        bindings=bindings,
        frames=int(reader.number("frames", 0, MAX_SMOOTH_FRAMES, whole=True, default=0)),
        easing=reader.choice("easing", tuple(EASINGS), "linear"),
    )


def _prompt_text(reader: Reader, name: str, limit: int = MAX_LENGTH) -> str | None:
    text = reader.optional_text(name, limit)
    if text is None:
        return None
    if "`" in text:
        reader.fault(name, "expressions in backticks are for scheduled prompts")
    try:
        read_prompt(text)
    except PromptSyntaxError as error:
        reader.fault(name, str(error))
    return text


def _binding(reader: Reader) -> Binding:
    kind = reader.choice("kind", _BINDING_KINDS)
    return Binding(
        kind=kind,
        a=_prompt_text(reader, "a", MAX_BINDING_TEXT) or "",
        b=_prompt_text(reader, "b", MAX_BINDING_TEXT) or "",
        value=reader.number("value", 0, 2 if kind == "weight" else 1),
        frames=int(reader.number("frames", 0, MAX_SMOOTH_FRAMES, whole=True, default=0)),
        easing=reader.choice("easing", tuple(EASINGS), "linear"),
        on=reader.flag("on", True),
    )


def _rewind(reader: Reader, names: Collection[str]) -> Rewind:
    frame = int(reader.number("frame", 0, MAX_FRAMES - 1, whole=True))
    return Rewind(frame, reader.flag("restore_values", False))


def _loop(reader: Reader, names: Collection[str]) -> Loop:
    if reader.flag("off", False):
        reader.absent("start", "there is none when the loop is off")
        reader.absent("end", "there is none when the loop is off")
        return Loop(None, None)
    start, end = _range(reader)
    if start == end and not reader.faults:
        reader.fault("end", f"a loop ends after frame {start}, where it starts")
    return Loop(start, end)


def _replay(reader: Reader, names: Collection[str]) -> Replay:
    start, end = _range(reader)
    movements, prompts, others = (
        reader.choice(name, ("replay", "live"), "replay") == "replay" for name in ("movements", "prompts", "others")
    )
    if not (movements or prompts or others):
        reader.fault("movements", "something must be replayed")
    return Replay(start, end, movements, prompts, others)


def _range(reader: Reader) -> tuple[int, int]:
    start = int(reader.number("start", 0, MAX_FRAMES - 1, whole=True))
    end = int(reader.number("end", 0, MAX_FRAMES - 1, whole=True))
    if end < start and not reader.faults:
        reader.fault("end", f"{end} is before {start}")
    return start, end


def _name(reader: Reader) -> str:
    name = reader.text("name", MAX_NAME).strip()
    if not name and "name" not in reader.faults:
        reader.fault("name", "expected a name")
    return name


_KINDS: dict[str, Callable[[Reader, Collection[str]], Action]] = {
    "set": _set,
    "set_smooth": _set_smooth,
    "prompt": _prompt,
    "pause": lambda reader, names: Pause(),
    "resume": lambda reader, names: Resume(),
    "stop": lambda reader, names: Stop(),
    "rewind": _rewind,
    "loop": _loop,
    "snapshot": lambda reader, names: Snapshot(_name(reader)),
    "recall": lambda reader, names: Recall(_name(reader)),
    "extend": lambda reader, names: Extend(int(reader.number("frames", 1, MAX_FRAMES, whole=True))),
    "replay": _replay,
}
KINDS = tuple(_KINDS)
"""The kinds of commands, by the names they have in requests."""
