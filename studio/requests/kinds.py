"""Kinds of values that a parameter of a render takes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Number:
    """A finite number in low..high; ``high`` None: as high as a column holds."""

    low: float
    high: float | None
    whole: bool = False
    from_settings: tuple[float, float] | None = None
    """The wider bounds of what a Deforum settings file may ask for, where they differ."""

    def bounds(self, *, kept: bool) -> tuple[float, float | None]:
        """``kept``: of a request that was drawn up before, its settings' own figures included."""
        return self.from_settings if kept and self.from_settings else (self.low, self.high)


@dataclass(frozen=True)
class Text:
    """A text. ``plain``: free of control characters other than line breaks and tabs."""

    longest: int
    blank: bool = False
    plain: bool = True


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    options: tuple[str, ...]


@dataclass(frozen=True)
class Flag:
    """True or false."""


@dataclass(frozen=True)
class Units:
    """ControlNet units: one by its type, one, or a list of up to ``most``."""

    most: int


@dataclass(frozen=True)
class Settings:
    """An object in Deforum's own vocabulary; ``longest`` counts the characters of all of it."""

    longest: int


Kind = Number | Text | Choice | Flag | Units | Settings
