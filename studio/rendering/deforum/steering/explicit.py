"""Rows that say everything a command may change, also what settings leave to the plan: ControlNets and LoRAs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from studio.rendering.deforum.parameters import FrameParameters
from studio.rendering.deforum.prompts import FramePrompt
from studio.rendering.deforum.settings import CONTROLNET_UNITS, DeforumSettings
from studio.rendering.plan import ControlNetSpec

_TAGGED = re.compile(r"[^:<>]+")
_WEIGHTS = (0.0, 2.0)
"""Of a ControlNet, that a settings file can say."""


def explicit_units(settings: DeforumSettings, specs: Sequence[ControlNetSpec]) -> DeforumSettings:
    """``settings`` with the plan's units enabled: those that had been left to the plan as the plan has them."""
    units = list(settings.controlnets)
    for index, spec in enumerate(specs[:CONTROLNET_UNITS]):
        if not units[index].enabled and _WEIGHTS[0] <= spec.weight <= _WEIGHTS[1]:
            units[index] = replace(
                units[index],
                enabled=True,
                module=spec.kind,
                weight=f"0: ({spec.weight!r})",
                guidance_start=f"0: ({spec.start!r})",
                guidance_end=f"0: ({spec.end!r})",
                loopback_mode=False,
            )
    return replace(settings, controlnets=tuple(units))


def explicit_loras(rows: Sequence[FrameParameters], loras: Iterable[tuple[str, float]]) -> list[FrameParameters]:
    """``rows`` whose prompts give every LoRA of the plan (name and weight) a weight: 0 where others name it, and the
    plan's where none does.
    """
    loras = list(loras)
    counts = Counter(name for name, _ in loras)
    named = named_loras(rows)
    weights = {
        name: 0.0 if name in named else weight
        for name, weight in loras
        # What no prompt could name stays the plan's.
        if counts[name] == 1 and _TAGGED.fullmatch(name) and name == name.strip()
    }
    if not weights:
        return list(rows)
    explicit: dict[int, FramePrompt] = {}
    for row in rows:
        if id(row.prompt) not in explicit:
            explicit[id(row.prompt)] = replace(row.prompt, loras={**weights, **row.prompt.loras})
    return [replace(row, prompt=explicit[id(row.prompt)]) for row in rows]


def named_loras(rows: Iterable[FrameParameters]) -> frozenset[str]:
    """The LoRAs that prompts of these rows name."""
    return frozenset(name for row in rows for name in row.prompt.loras)
