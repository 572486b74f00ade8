"""Kinds of settings: how a value of each is checked, and the field helpers that declare one with its default."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from studio.rendering.errors import PlanError

N = TypeVar("N", int, float)

MAX_TEXT = 10_000
"""Characters of a setting that is plain text."""


class Kind(Protocol):
    """How a setting's value is read from JSON."""

    def read(self, name: str, value: object) -> object:
        """The value in its own type. Raises PlanError on ``name``."""


@dataclass(frozen=True)
class Series:
    """A numeric schedule; each frame's value must lie in low..high, or is clamped to it."""

    low: float
    high: float
    whole: bool = False
    clamp: bool = False

    def read(self, name: str, value: object) -> str:
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            return f"0: ({value!r})"
        return _text(name, value, "a schedule such as 0:(1), 30:(2)")


@dataclass(frozen=True)
class Names:
    """A schedule of texts."""

    def read(self, name: str, value: object) -> str:
        return _text(name, value, 'a schedule of names such as 0:("a")')


@dataclass(frozen=True)
class Number:
    """A number in low..high."""

    low: float
    high: float
    whole: bool = False

    def read(self, name: str, value: Any) -> float:
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise PlanError(name, f"{name}: expected a number") from None
        if isinstance(value, bool) or not math.isfinite(number) or (self.whole and number != int(number)):
            raise PlanError(name, f"{name}: expected a {'whole ' if self.whole else ''}number")
        if not self.low <= number <= self.high:
            raise PlanError(name, f"{name}: {number:g} is not between {self.low:g} and {self.high:g}")
        return int(number) if self.whole else number


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def read(self, name: str, value: object) -> bool:
        words = {"true": True, "false": False}
        value = words.get(value.lower(), value) if isinstance(value, str) else value
        if not isinstance(value, bool):
            raise PlanError(name, f"{name}: expected true or false")
        return value


@dataclass(frozen=True)
class Choice:
    """One of a few texts."""

    options: tuple[str, ...]

    def read(self, name: str, value: object) -> str:
        # Settings files spell one and the same choice "None", null and false.
        value = "None" if value is None or value is False else value
        if value not in self.options:
            raise PlanError(name, f"{name}: expected one of {', '.join(self.options)}")
        return value


@dataclass(frozen=True)
class Text:
    """Plain text, possibly empty."""

    def read(self, name: str, value: object) -> str:
        return "" if value in (None, "None") else _text(name, value, "text", limit=MAX_TEXT)


@dataclass(frozen=True)
class Keyframes:
    """An object of keyframe and text, or that object as JSON text."""

    def read(self, name: str, value: object) -> dict[str, str]:
        if isinstance(value, str):
            try:
                value = json.loads(value) if value.strip() else {}
            except (ValueError, RecursionError):
                raise PlanError(name, f"{name}: not valid JSON") from None
        if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
            raise PlanError(name, f"{name}: expected an object of frame and text")
        return {str(key): text for key, text in value.items()}


def _text(name: str, value: object, expected: str, *, limit: int | None = None) -> str:
    if not isinstance(value, str):
        raise PlanError(name, f"{name}: expected {expected}")
    if limit is not None and len(value) > limit:
        raise PlanError(name, f"{name}: longer than {limit} characters")
    return value


def series(default: str, low: float, high: float, *, whole: bool = False, clamp: bool = False) -> str:
    return field(default=default, metadata={"kind": Series(low, high, whole, clamp)})


def names(default: str) -> str:
    return field(default=default, metadata={"kind": Names()})


def number(default: N, low: float, high: float) -> N:
    return field(default=default, metadata={"kind": Number(low, high, whole=isinstance(default, int))})


def flag(default: bool) -> bool:
    return field(default=default, metadata={"kind": Flag()})


def choice(default: str, *options: str) -> str:
    return field(default=default, metadata={"kind": Choice((default, *(o for o in options if o != default)))})


def text(default: str = "") -> str:
    return field(default=default, metadata={"kind": Text()})


def keyframes(default: dict[str, str]) -> dict[str, str]:
    return field(default_factory=default.copy, metadata={"kind": Keyframes()})
