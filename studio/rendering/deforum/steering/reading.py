"""Reading a command's body field by field, every fault noted with the path of its field."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TypeVar

from studio.rendering.errors import PlanError
from studio.rendering.plan import CONTROL_CHARACTERS

_SURROGATE = re.compile("[\ud800-\udfff]")

Word = TypeVar("Word", bound=str)


class Refused(PlanError):
    """A command that can't be. ``faults``: every field's path and what is wrong with it."""

    code = "invalid_command"

    def __init__(self, faults: Mapping[str, str]) -> None:
        field, message = next(iter(faults.items()))
        super().__init__(field, message)
        self.faults = dict(faults)


class Reader:
    """One object of a body. A field that is wrong is noted and something harmless is returned for it."""

    def __init__(self, body: object, path: str = "", faults: dict[str, str] | None = None) -> None:
        self.faults: dict[str, str] = {} if faults is None else faults
        self._path = path
        self._inner: list[Reader] = []
        self._known: set[str] = set()
        self._refused = False
        self._body: Mapping[str, object] = {}
        if isinstance(body, Mapping):
            self._body = body
        else:
            self.refuse("expected an object")

    def finish(self) -> None:
        """Raise Refused if anything was wrong, names that nobody asked for among it."""
        self._note_unknown()
        if self.faults:
            raise Refused(self.faults)

    def fault(self, name: str, reason: str) -> None:
        if self._refused:
            return
        path = f"{self._path}{name}"
        self.faults.setdefault(path, f"{path}: {reason}")

    def refuses(self, name: str) -> bool:
        """Whether something is wrong with that field."""
        return f"{self._path}{name}" in self.faults

    def refuse(self, reason: str) -> None:
        """The object as a whole."""
        path = self._path.removesuffix(".") or "body"
        self.faults.setdefault(path, f"{path}: {reason}")
        self._refused = True

    def absent(self, name: str, reason: str) -> None:
        if self._value(name) is not None:
            self.fault(name, reason)

    def number(self, name: str, low: float, high: float, *, whole: bool = False, default: float | None = None) -> float:
        value = self._value(name)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.fault(name, f"expected a {'whole ' if whole else ''}number")
            return low
        if not low <= value <= high or not math.isfinite(value):
            self.fault(name, f"{_shown(value)} is not between {low:.12g} and {high:.12g}")
            return low
        if whole and value != int(value):
            self.fault(name, "expected a whole number")
        return float(value)

    def optional_number(self, name: str, low: float, high: float) -> float | None:
        return None if self._value(name) is None else self.number(name, low, high)

    def flag(self, name: str, default: bool) -> bool:
        value = self._value(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault(name, "expected true or false")
        return value is True

    def choice(self, name: str, options: tuple[Word, ...], default: Word | None = None) -> Word:
        value = self._value(name)
        if value is None and default is not None:
            return default
        if isinstance(value, str):
            for option in options:
                if option == value:
                    return option
        self.fault(name, f"expected one of {', '.join(options)}")
        return options[0]

    def optional_choice(self, name: str, options: tuple[Word, ...]) -> Word | None:
        return None if self._value(name) is None else self.choice(name, options)

    def text(self, name: str, limit: int, default: str | None = None) -> str:
        value = self._value(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            self.fault(name, "expected text")
            return ""
        if len(value) > limit:
            self.fault(name, f"longer than {limit} characters")
        elif CONTROL_CHARACTERS.search(value) or _SURROGATE.search(value):
            self.fault(name, "holds characters that are no text")
        return value

    def optional_text(self, name: str, limit: int) -> str | None:
        return None if self._value(name) is None else self.text(name, limit)

    def objects(self, name: str) -> dict[str, Reader]:
        """The objects of an object, each with a reader of its own."""
        value = self._value(name)
        if not isinstance(value, Mapping):
            self.fault(name, "expected an object")
            return {}
        return {str(key): self._within(f"{name}.{str(key)[:100]}", inner) for key, inner in value.items()}

    def optional_objects(self, name: str, *, pattern: str, limit: int) -> dict[str, Reader | None]:
        """As ``objects``, none when there is nothing; a null among them stays one. Their names match ``pattern``."""
        value = self._value(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping) or len(value) > limit:
            self.fault(name, f"expected an object of {limit} at most")
            return {}
        found = {}
        for key, inner in value.items():
            path = f"{name}.{str(key)[:100]}"
            if not re.fullmatch(pattern, str(key)):
                self.fault(path, "a name has letters, digits, - and _, 40 of them at most")
            found[str(key)] = None if inner is None else self._within(path, inner)
        return found

    def _within(self, name: str, body: object) -> Reader:
        inner = Reader(body, f"{self._path}{name}.", self.faults)
        self._inner.append(inner)
        return inner

    def _value(self, name: str) -> object:
        self._known.add(name)
        return self._body.get(name)

    def _note_unknown(self) -> None:
        for inner in self._inner:
            inner._note_unknown()
        if not self._refused:
            for name in self._body:
                if name not in self._known:
                    self.fault(str(name)[:100], "not known here")


def _shown(value: float) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)[:40]
