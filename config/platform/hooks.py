"""How apps plug into one another: a point is declared once, by the app that asks, and filled when Django starts.

An app that is asked knows nobody who answers: whoever builds on it adds what it has in its module ``plugs``,
which every app with one has imported at start (``config/apps.py``). What does not fit the point stops the start.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, Generic, ParamSpec, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")


class Hook(Generic[T]):
    """What the apps plugged in, by a key, in the order of their start."""

    def __init__(self, name: str, fits: Callable[[T], str | None], about: str) -> None:
        """``fits`` answers what is wrong with something that is to be plugged in, or None."""
        self.name, self.__doc__ = name, about
        self._fits = fits
        self._plugged: dict[str, T] = {}

    def plug(self, key: str, what: T) -> None:
        """Add it. Raises ImproperlyConfigured when the key is taken or it is not what the point asks for."""
        if self._plugged.get(key, what) != what:
            raise ImproperlyConfigured(f"Two plug {key!r} into the hook {self.name}.")
        if wrong := self._fits(what):
            raise ImproperlyConfigured(f"{key!r} does not fit the hook {self.name}: {wrong}")
        self._plugged[key] = what

    def __getitem__(self, key: str) -> T:
        return self._plugged[key]

    def __contains__(self, key: object) -> bool:
        return key in self._plugged

    def __iter__(self) -> Iterator[str]:
        return iter(self._plugged)

    def values(self) -> list[T]:
        return list(self._plugged.values())

    def items(self) -> list[tuple[str, T]]:
        return list(self._plugged.items())


class Calls(Hook[Callable[P, R]]):
    """Functions; calling the hook calls them all."""

    def __call__(self, *arguments: P.args, **named: P.kwargs) -> dict[str, R]:
        """What each answers, by its key. An exception of one ends the call."""
        return {key: function(*arguments, **named) for key, function in self.items()}


def hook(prototype: Callable[P, R]) -> Calls[P, R]:
    """A point for functions that are called as this one would be; its docstring says when, and what they answer."""
    wanted = inspect.signature(prototype)
    named = {name: None for name, parameter in wanted.parameters.items() if parameter.kind is parameter.KEYWORD_ONLY}
    positional = [name for name in wanted.parameters if name not in named]

    def fits(function: Callable[..., object]) -> str | None:
        try:
            inspect.signature(function).bind(*positional, **named)
        except (TypeError, ValueError) as error:
            return f"it can't be called as {prototype.__name__}{wanted}: {error}."
        return None

    return Calls(prototype.__name__, fits, prototype.__doc__ or "")


def hook_of(name: str, kind: Callable[..., T], about: str) -> Hook[T]:
    """A point for objects of a class, an abstract one perhaps."""
    assert isinstance(kind, type), "a class"

    def fits(what: object) -> str | None:
        return None if isinstance(what, kind) else f"{what!r} is no {kind.__name__}."

    return Hook(name, fits, about)


def named_in(setting: str, path: str) -> Any:
    """What an installation plugs in by its dotted path. Raises ImproperlyConfigured naming the setting."""
    try:
        return import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(f"{setting} names {path!r}, which can't be imported: {error}") from error


@hook
def every_pass() -> object:
    """Called by the reaper every ``REAP_INTERVAL_SECONDS``. The key says what is done, the answer how much."""


@hook
def every_hour() -> object:
    """Queued as background work once an hour, by whichever reaper comes first; a function of a module."""
