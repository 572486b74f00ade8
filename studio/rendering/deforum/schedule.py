"""Keyframe schedules: ``0:(1), 30:(1+0.1*sin(t)), "max_f-1":(0)`` to one value a frame.

Between two plain numbers values are interpolated linearly; a keyframe that is an expression is evaluated at every frame
until the next keyframe; the last value holds. Without a key 0 the first value is held back to frame 0. Variables: ``t``
(the frame), ``max_f`` (the last frame) and ``s`` (the initial seed); keyframe positions may use ``max_f`` and ``s``.
Frames at which an expression is undefined are interpolated over, as gaps between keyframes are.

Text is read in two ways: with brackets and quotes respected, so that ``where(a, b, c)`` can be written, and, where that
fails, as the public extension reads it: cut at every comma, then at every colon, of which the second piece counts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio.rendering.deforum.expressions import Expression, ExpressionError, reason_of
from studio.rendering.errors import PlanError

MAX_LENGTH = 100_000
"""Characters of one schedule: enough for a literal value at each frame of the longest video."""
MAX_NESTING = 100
"""Brackets within brackets."""
MAX_WORK = 5_000_000
"""Evaluated syntax nodes of one render's schedules and prompts together: about a second of a processor."""

VALUE_NAMES = ("t", "max_f", "s")
POSITION_NAMES = ("max_f", "s")

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]+)?|\.[0-9]+)")
_DELETED = str.maketrans("", "", "'\"()")
_OPENING, _CLOSING = "([{", ")]}"
_COMPILING = 300
"""What reading one expression costs, in evaluated nodes."""


class Budget:
    """The work that one render's schedules and prompts may cause while they are checked."""

    def __init__(self, work: int = MAX_WORK) -> None:
        self.left = work

    def spend(self, field: str, work: int) -> None:
        """Count some work. Raises PlanError on ``field`` when there is more than may be."""
        self.left -= work
        if self.left < 0:
            raise PlanError(field, f"{field}: more arithmetic than a render of this length may need")


class Keyframe(NamedTuple):
    """A frame index and the text scheduled there, brackets and quotes included."""

    frame: int
    text: str


def parse(
    field: str, schedule: str, *, frame_count: int, seed: int, budget: Budget | None = None, numeric: bool = False
) -> list[Keyframe]:
    """The keyframes of a schedule in ascending order; of two at one frame the later one counts. No value of a
    ``numeric`` schedule holds a colon.

    Raises PlanError naming ``field``.
    """
    if len(schedule) > MAX_LENGTH:
        raise PlanError(field, f"{field}: longer than {MAX_LENGTH} characters")
    keyframes: dict[int, str] = {}
    for position, text in _pairs(field, schedule, numeric):
        frame = position_of(field, position, frame_count=frame_count, seed=seed, budget=budget)
        keyframes[frame] = text
    if not keyframes:
        raise PlanError(field, f"{field}: the schedule is empty")
    return [Keyframe(frame, keyframes[frame]) for frame in sorted(keyframes)]


def numbers(
    field: str,
    schedule: str,
    *,
    frame_count: int,
    seed: int,
    budget: Budget | None = None,
    clamp: tuple[float, float] | None = None,
) -> NDArray[np.float64]:
    """Shape (frame_count,), finite. Values beyond ``clamp`` (low, high), infinities among them, are cut to it.

    Raises PlanError such as ``zoom: keyframe 40: division by zero at frame 57``.
    """
    keyframes = parse(field, schedule, frame_count=frame_count, seed=seed, budget=budget, numeric=True)
    values = np.full(frame_count, np.nan)
    scope = {"t": 0.0, "max_f": float(frame_count - 1), "s": float(seed)}
    undefined = ""
    for keyframe, stop in _spans(keyframes, frame_count):
        bare = _bare(keyframe.text)
        if _NUMBER.fullmatch(bare):
            values[keyframe.frame] = float(bare)
            continue
        place = f"{field}: keyframe {keyframe.frame}"
        expression = _compiled(field, place, keyframe.text)
        if budget:
            budget.spend(field, _COMPILING + expression.cost * (stop - keyframe.frame))
        for frame in range(keyframe.frame, stop):
            scope["t"] = float(frame)
            try:
                value = expression.value(scope)
            except ExpressionError as error:
                raise PlanError(field, f"{place}: {error} at frame {frame}") from None
            if math.isinf(value) and not clamp:
                raise PlanError(field, f"{place}: {reason_of(value)} at frame {frame}")
            if math.isnan(value):
                undefined = undefined or f"{place}: {reason_of(value)} at frame {frame}"
            values[frame] = value
    known = np.flatnonzero(~np.isnan(values))
    if not known.size:
        raise PlanError(field, undefined)
    if clamp:
        values = np.nan_to_num(values, nan=np.nan)
    held = np.interp(np.arange(frame_count), known, values[known])
    return np.clip(held, *clamp) if clamp else held


def _compiled(field: str, place: str, text: str) -> Expression:
    try:
        return Expression(_unquoted(text), VALUE_NAMES)
    except ExpressionError as error:
        raise PlanError(field, f"{place}: {error}") from None


def strings(field: str, schedule: str, *, frame_count: int, seed: int, budget: Budget | None = None) -> list[str]:
    """One text a frame, each keyframe's held until the next. Raises PlanError naming ``field``."""
    keyframes = parse(field, schedule, frame_count=frame_count, seed=seed, budget=budget)
    values: list[str] = []
    for keyframe, stop in _spans(keyframes, frame_count):
        values += [_unquoted(keyframe.text)] * (stop - len(values))
    return values


def position_of(field: str, text: str, *, frame_count: int, seed: int, budget: Budget | None = None) -> int:
    """A keyframe's position: a whole number or an expression of ``max_f`` and ``s``, truncated towards zero."""
    bare = _bare(text)
    try:
        if _NUMBER.fullmatch(bare):
            return int(float(bare))
        expression = Expression(_unquoted(text), POSITION_NAMES)
        if budget:
            budget.spend(field, _COMPILING)
        return int(expression({"max_f": float(frame_count - 1), "s": float(seed)}))
    except (ExpressionError, OverflowError) as error:
        reason = "too large" if isinstance(error, OverflowError) else error
        raise PlanError(field, f"{field}: keyframe {text.strip()[:40]}: {reason}") from None


def literal(values: Sequence[float]) -> str:
    """The schedule that has exactly these values at these frames."""
    last = len(values) - 1
    return ", ".join(
        f"{frame}: ({float(value)!r})"
        for frame, value in enumerate(values)
        if frame in (0, last) or value != values[frame - 1] or value != values[frame + 1]
    )


def _spans(keyframes: list[Keyframe], frame_count: int) -> list[tuple[Keyframe, int]]:
    """Each keyframe within the video and the frame it ends before; the first one is moved in when all lie outside."""
    inside = [keyframe for keyframe in keyframes if 0 <= keyframe.frame < frame_count]
    if not inside:
        before = [keyframe for keyframe in keyframes if keyframe.frame < 0]
        inside = [Keyframe(0, (before[-1] if before else keyframes[0]).text)]
    stops = [keyframe.frame for keyframe in inside[1:]] + [frame_count]
    return list(zip(inside, stops, strict=True))


def _bare(text: str) -> str:
    return text.translate(_DELETED).strip()


def _unquoted(text: str) -> str:
    """``text`` without the quotes and parentheses around the whole of it."""
    closings = _parentheses(text)
    start, stop = 0, len(text)
    while True:
        while start < stop and text[start].isspace():
            start += 1
        while start < stop and text[stop - 1].isspace():
            stop -= 1
        quoted = stop - start > 1 and text[start] == text[stop - 1] and text[start] in "'\""
        if not quoted and closings.get(start) != stop - 1:
            return text[start:stop]
        start, stop = start + 1, stop - 1


def _parentheses(text: str) -> dict[int, int]:
    """Where each parenthesis that is closed closes."""
    opened: list[int] = []
    closings = {}
    for index, character in enumerate(text):
        if character == "(":
            opened.append(index)
        elif character == ")" and opened:
            closings[opened.pop()] = index
    return closings


def _pairs(field: str, schedule: str, numeric: bool) -> list[tuple[str, str]]:
    """Position and value of each keyframe, in the text's order."""
    try:
        pairs = [_pair(field, pair, _split(field, pair, ":")) for pair in _split(field, schedule, ",") if pair.strip()]
        if not numeric or not any(":" in value for _, value in pairs):
            return pairs
        refusal = None
    except PlanError as error:
        refusal = error
    # Numbers within brackets that don't match: as the public extension cuts them.
    pieces = [piece.split(":") for piece in schedule.split(",") if piece.strip()]
    deep = any(piece[0].count("(") > MAX_NESTING for piece in pieces)
    if numeric and pieces and not deep and all(len(piece) > 1 and _is_number(piece[1]) for piece in pieces):
        return [(piece[0], piece[1].strip()) for piece in pieces]
    if refusal:
        raise refusal
    return pairs


def _is_number(text: str) -> bool:
    """A number, within as many brackets and quotes as may be."""
    bare = _bare(text)
    return len(text.strip()) - len(bare) <= 2 * MAX_NESTING and _NUMBER.fullmatch(bare) is not None


def _pair(field: str, pair: str, pieces: list[str]) -> tuple[str, str]:
    if len(pieces) < 2 or not pieces[1].strip():
        raise PlanError(field, f"{field}: expected frame:(value), got {pair.strip()[:40]!r}")
    return pieces[0], pieces[1].strip()


def _split(field: str, text: str, separator: str) -> list[str]:
    """Split where ``separator`` is outside brackets and quotes."""
    parts: list[str] = []
    stack: list[str] = []
    start, quote = 0, ""
    for index, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in _OPENING:
            stack.append(_CLOSING[_OPENING.index(character)])
            if len(stack) > MAX_NESTING:
                raise PlanError(field, f"{field}: nested deeper than {MAX_NESTING} brackets")
        elif character in _CLOSING:
            if not stack or stack.pop() != character:
                raise PlanError(field, f"{field}: unbalanced {character!r} in {text[max(0, index - 30) : index + 1]!r}")
        elif character == separator and not stack:
            parts.append(text[start:index])
            start = index + 1
    if quote or stack:
        raise PlanError(field, f"{field}: {'a quote' if quote else 'a bracket'} is not closed in {text.strip()[:40]!r}")
    return [*parts, text[start:]]
