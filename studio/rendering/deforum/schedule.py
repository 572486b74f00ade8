"""Keyframe schedules: ``0:(1), 30:(1+0.1*sin(t)), "max_f-1":(0)`` to one value a frame.

Between two plain numbers values are interpolated linearly; a keyframe that is an expression is evaluated at every frame
until the next keyframe; the last value holds. Without a key 0 the first value is held back to frame 0. Variables: ``t``
(the frame), ``max_f`` (the last frame) and ``s`` (the initial seed); keyframe positions may use ``max_f`` and ``s``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio.rendering.deforum.expressions import Expression, ExpressionError
from studio.rendering.errors import PlanError

MAX_LENGTH = 100_000
"""Characters of one schedule: enough for a literal value at each frame of the longest video."""

VALUE_NAMES = ("t", "max_f", "s")
POSITION_NAMES = ("max_f", "s")

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]+)?|\.[0-9]+)")
_DELETED = str.maketrans("", "", "'\"()")
_OPENING, _CLOSING = "([{", ")]}"


class Keyframe(NamedTuple):
    """A frame index and the text scheduled there, brackets and quotes included."""

    frame: int
    text: str


def parse(field: str, schedule: str, *, frame_count: int, seed: int) -> list[Keyframe]:
    """The keyframes of a schedule in ascending order; of two at one frame the later one counts.

    Raises PlanError naming ``field``.
    """
    if len(schedule) > MAX_LENGTH:
        raise PlanError(field, f"{field}: longer than {MAX_LENGTH} characters")
    keyframes: dict[int, str] = {}
    for pair in _split(field, schedule, ","):
        if not pair.strip():
            continue
        position, *value = _split(field, pair, ":", limit=1)
        if not value or not value[0].strip():
            raise PlanError(field, f"{field}: expected frame:(value), got {pair.strip()[:40]!r}")
        keyframes[position_of(field, position, frame_count=frame_count, seed=seed)] = value[0].strip()
    if not keyframes:
        raise PlanError(field, f"{field}: the schedule is empty")
    return [Keyframe(frame, keyframes[frame]) for frame in sorted(keyframes)]


def numbers(field: str, schedule: str, *, frame_count: int, seed: int) -> NDArray[np.float64]:
    """Shape (frame_count,), finite. Raises PlanError such as ``zoom: keyframe 40: division by zero at frame 57``."""
    keyframes = parse(field, schedule, frame_count=frame_count, seed=seed)
    values = np.full(frame_count, np.nan)
    scope = {"t": 0.0, "max_f": float(frame_count - 1), "s": float(seed)}
    for keyframe, stop in _spans(keyframes, frame_count):
        bare = _bare(keyframe.text)
        if _NUMBER.fullmatch(bare):
            values[keyframe.frame] = float(bare)
            continue
        try:
            expression = Expression(_unquoted(keyframe.text), VALUE_NAMES)
        except ExpressionError as error:
            raise PlanError(field, f"{field}: keyframe {keyframe.frame}: {error}") from None
        for frame in range(keyframe.frame, stop):
            scope["t"] = float(frame)
            try:
                values[frame] = expression(scope)
            except ExpressionError as error:
                raise PlanError(field, f"{field}: keyframe {keyframe.frame}: {error} at frame {frame}") from None
    known = np.flatnonzero(~np.isnan(values))
    return np.interp(np.arange(frame_count), known, values[known])


def strings(field: str, schedule: str, *, frame_count: int, seed: int) -> list[str]:
    """One text a frame, each keyframe's held until the next. Raises PlanError naming ``field``."""
    keyframes = parse(field, schedule, frame_count=frame_count, seed=seed)
    values: list[str] = []
    for keyframe, stop in _spans(keyframes, frame_count):
        values += [_unquoted(keyframe.text)] * (stop - len(values))
    return values


def position_of(field: str, text: str, *, frame_count: int, seed: int) -> int:
    """A keyframe's position: a whole number or an expression of ``max_f`` and ``s``, truncated towards zero."""
    bare = _bare(text)
    if _NUMBER.fullmatch(bare):
        return int(float(bare))
    try:
        return int(Expression(_unquoted(text), POSITION_NAMES)({"max_f": float(frame_count - 1), "s": float(seed)}))
    except ExpressionError as error:
        raise PlanError(field, f"{field}: keyframe {text.strip()[:40]}: {error}") from None


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
    text = text.strip()
    while len(text) > 1 and ((text[0] == text[-1] and text[0] in "'\"") or _enclosed(text)):
        text = text[1:-1].strip()
    return text


def _enclosed(text: str) -> bool:
    """Whether the first parenthesis closes with the last character, as in ``(a+b)`` but not ``(a)+(b)``."""
    if text[0] != "(" or text[-1] != ")":
        return False
    depth = 0
    for index, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return index == len(text) - 1
    return False


def _split(field: str, text: str, separator: str, *, limit: int = -1) -> list[str]:
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
        elif character in _CLOSING:
            if not stack or stack.pop() != character:
                raise PlanError(field, f"{field}: unbalanced {character!r} in {text[max(0, index - 30) : index + 1]!r}")
        elif character == separator and not stack and len(parts) != limit:
            parts.append(text[start:index])
            start = index + 1
    if quote or stack:
        raise PlanError(field, f"{field}: {'a quote' if quote else 'a bracket'} is not closed in {text.strip()[:40]!r}")
    return [*parts, text[start:]]
