"""Guided images: keyframed pictures that the animation is drawn towards."""

from __future__ import annotations

import math

from studio.rendering.deforum.parameters import FrameParameters

RESTING_BLEND = 0.07
"""Share of the guided image between the moments of strong blending; upstream's value."""


def blend_share(row: FrameParameters) -> float:
    """How much of the guided image goes into frame ``row``'s init image, 0..1.

    Strong while the frame is within ``tweening_frames_schedule`` of a multiple of the guide's span, weak otherwise.
    """
    tween = row["tweening_frames_schedule"]
    if row.guide is None or row.guide.span < 1 or row.frame % row.guide.span > tween:
        return RESTING_BLEND
    share = row["blendFactorMax"] - row["blendFactorSlope"] * math.cos((row.frame % tween) / (tween / 2))
    return min(1.0, max(0.0, share))
