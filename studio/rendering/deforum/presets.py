"""Named presets: Deforum settings files without prompts, under ``presets/``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import MappingProxyType

BEAT = "$beat"
"""In a preset's schedule: the number of frames a beat lasts."""
DEFAULT_BPM = 120.0

_FOLDER = Path(__file__).with_name("presets")


@dataclass(frozen=True)
class Preset:
    """A way to move. ``slug`` is its stable name in the API."""

    slug: str
    name: str
    description: str
    template: Mapping[str, object]

    def settings(self, *, fps: Fraction | float = 24, bpm: float = DEFAULT_BPM) -> dict[str, object]:
        """The preset as a settings file's object, with beats timed for ``fps`` frames and ``bpm`` beats."""
        beat = str(max(1, round(float(fps) * 60 / bpm)))
        return {
            key: value.replace(BEAT, beat) if isinstance(value, str) else value for key, value in self.template.items()
        }


@cache
def presets() -> Mapping[str, Preset]:
    """Every preset by slug, in alphabetical order."""
    found = {}
    for path in sorted(_FOLDER.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        template = MappingProxyType(content["settings"])
        found[path.stem] = Preset(path.stem, content["name"], content["description"], template)
    return MappingProxyType(found)
