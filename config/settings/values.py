"""Kinds of values that an environment variable may have. A wrong one stops the start with its name and the reason."""

import math
import re
from pathlib import Path
from typing import Any, Final

from environs import Env, EnvError
from marshmallow import ValidationError
from marshmallow.validate import Email, Length, OneOf, Regexp

LARGEST: Final = 2**63 - 1
TEN_YEARS: Final = {"SECONDS": 315_360_000, "HOURS": 87_600, "DAYS": 3_650}
"""By the unit that ends a variable's name: longer is a slip, and beyond what a calendar has."""


class Values(Env):
    """``Env``, and kinds of values that it has no reader for."""

    def whole(self, name: str, default: int, *, least: int = 1, most: int = LARGEST) -> int:
        most = min(most, _longest(name))
        return self.int(name, default, validate=lambda value: _bound(value, least, most))

    def number(self, name: str, default: float, *, least: float = 0.001, most: float = LARGEST) -> float:
        """A finite one; seconds, mostly."""
        most = min(most, _longest(name))
        return self.float(name, default, validate=lambda value: _bound(value, least, most))

    def word(self, name: str, default: str, options: tuple[str, ...]) -> str:
        """One of a few, in any case."""
        return self.str(name, default, validate=lambda value: OneOf(options)(value.lower())).lower()

    def text(self, name: str, default: str) -> str:
        """Not empty."""
        return self.str(name, default, validate=Length(min=1))

    def pattern(self, name: str, default: str, pattern: str, example: str) -> str:
        return self.str(name, default, validate=Regexp(rf"({pattern})\Z", error=f"Must be written like {example}."))

    def address(self, name: str, default: str = "", schemes: str = "https?", example: str = "https://host") -> str:
        """An address, or nothing."""
        like = re.compile(rf"({schemes})://\S+\Z")
        error = f"Must be an address like {example}."
        return self.str(name, default, validate=lambda value: not value or Regexp(like, error=error)(value) is not None)

    def mail_server(self, name: str, default: str) -> dict[str, Any]:
        """Django's settings of one, by their names."""
        found: dict[str, Any] = dict(self.dj_email_url(name, default))
        if "EMAIL_BACKEND" not in found:
            raise EnvError(f'Environment variable "{name}" invalid: Must be an address like smtp://user:password@host.')
        return found

    def mailbox(self, name: str) -> str:
        """A mail address, or nothing."""
        return self.str(name, "", validate=lambda value: not value or Email()(value) is not None)

    def file(self, name: str) -> str:
        """A file that can be read, or nothing."""
        return self.str(name, "", validate=_readable)

    def folder(self, name: str, default: str) -> Path:
        """A folder that is there or can be made."""
        return Path(self.str(name, default, validate=ensure_folder))


def _longest(name: str) -> int:
    return TEN_YEARS.get(name.rpartition("_")[2], LARGEST)


def _bound(value: float, least: float, most: float) -> None:
    if not math.isfinite(value) or not least <= value <= most:
        upper = "" if most == LARGEST else f" to {most:.12g}"
        raise ValidationError(f"Must be a number from {least:g}{upper}.")


def _readable(value: str) -> None:
    if value and not Path(value).is_file():
        raise ValidationError("There is no such file.")


def ensure_folder(value: str) -> None:
    """Raises ValidationError where something else is in the way."""
    path = Path(value).absolute()
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    if not there.is_dir():
        raise ValidationError(f"{there} is no folder.")
