"""What is live in an animation, as a console shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.rendering.deforum.steering.glide import Glide
from studio.rendering.deforum.steering.live import LiveState, Override


def shown_state(live: LiveState | None) -> dict[str, Any]:
    """``live``: by parameter its mode, where it stands, where it goes and in how many frames; and all beside it."""
    live = live or LiveState()
    prompt = live.prompt
    return {
        "paused": live.paused,
        "live": {
            **{name: _override(override) for name, override in live.overrides.items()},
            **{
                name: {"mode": "replace", "value": value, "target": value, "frames_left": 0}
                for name, value in (("seed_behavior", live.seed_behavior), ("seed_iter_N", live.seed_iter_N))
                if value is not None
            },
        },
        "prompt": {
            "a": prompt.a,
            "b": prompt.b,
            "negative": prompt.negative,
            "mode": prompt.mode or "schedule",
            "morph": prompt.morph.at(),
            **_way(prompt.morph),
        },
        "bindings": {
            name: {
                "kind": binding.kind,
                "a": binding.a,
                "b": binding.b,
                "on": binding.on,
                "value": binding.glide.at(),
                **_way(binding.glide),
            }
            for name, binding in prompt.bindings.items()
        },
        "snapshots": list(live.snapshots),
        "loop": {"start": live.loop.start, "end": live.loop.end} if live.loop else None,
    }


def _override(override: Override) -> Mapping[str, Any]:
    glide = override.glide
    # On its way to what the schedule says, whatever that is by then, it has no goal to show.
    value = glide.at(glide.start if glide.goal is None else 0.0)
    return {"mode": override.mode, "value": value, **_way(glide)}


def _way(glide: Glide) -> Mapping[str, Any]:
    return {"target": glide.goal, "frames_left": glide.frames_left}
