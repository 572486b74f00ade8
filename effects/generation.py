"""What the catalogue has to know of generation parameters. Whoever renders tells it: the catalogue lies below."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol, runtime_checkable


@runtime_checkable
class Vocabulary(Protocol):
    """The generation parameters that a template can set, in the words of ``POST /api/generate``."""

    max_prompt: int
    control_characters: re.Pattern[str]
    """What no prompt has."""
    """Characters."""

    def names(self) -> frozenset[str]:
        """Every parameter that a template can set."""

    def parameter_of(self, key: str) -> str | None:
        """The parameter that a property of this key is where no template has a place for it."""

    def check(self, parameters: Mapping[str, object]) -> tuple[dict[str, object], dict[str, list[str]]]:
        """The parameters as a render takes them, and parameter -> reasons for those that no render can be asked for."""

    def wrong_settings(self, parameters: Mapping[str, object]) -> dict[str, list[str]]:
        """Field -> reasons, for settings inside the parameters that are unknown or have no value of their kind."""

    def misplaced(self, parameters: Mapping[str, object], workflow: str) -> dict[str, list[str]]:
        """Parameter -> reasons, for those that are of another workflow."""
