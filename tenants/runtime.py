"""What may be changed while the product runs: switches and bounds, each with its default in the environment.

Who reads one asks here, every time: a change holds in every process within ``RUNTIME_SETTINGS_SECONDS``. Each app plugs
in what it has; who changes them, and why, is written by ``accounts.services.runtime_settings``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from config.api.errors import DomainError, ValidationFailed
from config.platform.hooks import hook_of
from tenants.models import RuntimeChange

SWITCH: Final = "switch"
WHOLE: Final = "whole"


@dataclass(frozen=True)
class RuntimeSetting:
    """One, by the name that its default has in the settings."""

    title: str
    about: str
    kind: str = WHOLE
    least: int = 0
    """Of a whole number, as is ``most``."""
    most: int = 2**31 - 1
    refusal: str = ""
    """What people are told where a switch is off."""

    def clean(self, value: object) -> int | bool:
        """Raises ValidationFailed naming ``value``."""
        if self.kind == SWITCH:
            if not isinstance(value, bool):
                raise ValidationFailed({"value": ["Must be on or off."]})
            return value
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationFailed({"value": ["Must be a whole number."]})
        if not self.least <= value <= self.most:
            raise ValidationFailed({"value": [f"Must be from {self.least} to {self.most}."]})
        return value


runtime_settings = hook_of("runtime_settings", RuntimeSetting, "What may be changed while it runs, by name.")

_kept: tuple[float, dict[str, object]] = (float("-inf"), {})


def whole(name: str) -> int:
    """A whole number that is in force."""
    return int(_value(name))


def is_on(name: str) -> bool:
    return bool(_value(name))


def require(name: str) -> None:
    """Raises DomainError ``switched_off`` (422) where staff have switched this off."""
    if not is_on(name):
        raise DomainError("switched_off", runtime_settings[name].refusal, data={"switch": name.lower()})


def default_of(name: str) -> int | bool:
    """What the environment says."""
    default: int | bool = getattr(settings, name)
    return default


def current_values() -> dict[str, object]:
    """What staff have set, by name, as it is now; what is left at its default is not there."""
    newest = RuntimeChange.objects.order_by("name", "-number").distinct("name")
    return {name: after for name, after in newest.values_list("name", "after") if after is not None}


def forget_kept() -> None:
    """Read anew at the next question, in this process."""
    global _kept
    _kept = (float("-inf"), {})


def _value(name: str) -> int | bool:
    global _kept
    now = time.monotonic()
    if now - _kept[0] >= settings.RUNTIME_SETTINGS_SECONDS:
        _kept = (now, current_values())
    if name in _kept[1]:
        try:
            return runtime_settings[name].clean(_kept[1][name])
        except ValidationFailed:
            # Of a release with other bounds.
            pass
    return default_of(name)
