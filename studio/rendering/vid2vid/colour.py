"""Colour stabilisation: the slow part of a frame's colour stays, the flicker goes.

Each frame's mean and spread per channel are matched to a running window's, within bounds, so that the palette may
drift with the scene (a match to frame 0 would freeze it) but not jump from frame to frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from studio.rendering.pictures.arrays import Image

_WINDOW = 8
"""Frames that the running reference remembers."""
_MAX_SHIFT = 12.0
"""Levels. Flicker is smaller; a larger change is the picture's own."""
_MAX_GAIN = 1.1


@dataclass(frozen=True)
class ColourReference:
    """Running mean and standard deviation per channel, in levels."""

    mean: tuple[float, float, float]
    spread: tuple[float, float, float]

    def to_json(self) -> list[list[float]]:
        return [list(self.mean), list(self.spread)]

    @classmethod
    def from_json(cls, data: list[list[float]]) -> ColourReference:
        mean, spread = (tuple(float(v) for v in row) for row in data)
        return cls(mean, spread)  # type: ignore[arg-type]


def stabilise(frame: Image, reference: ColourReference | None) -> tuple[Image, ColourReference]:
    """The corrected frame (h, w, 3) and the reference for the next one; with no reference (a scene's first frame)
    nothing changes.
    """
    pixels = frame.reshape(-1, 3).astype(np.float64)
    mean, spread = pixels.mean(axis=0), pixels.std(axis=0)
    if reference is None:
        return frame, ColourReference(tuple(mean.tolist()), tuple(spread.tolist()))
    wanted = np.asarray(reference.mean) + (mean - np.asarray(reference.mean)) / _WINDOW
    wanted_spread = np.asarray(reference.spread) + (spread - np.asarray(reference.spread)) / _WINDOW
    following = ColourReference(tuple(wanted.tolist()), tuple(wanted_spread.tolist()))
    gain = np.clip(np.where(spread > 1.0, wanted_spread / np.maximum(spread, 1.0), 1.0), 1 / _MAX_GAIN, _MAX_GAIN)
    shift = np.clip(wanted - mean, -_MAX_SHIFT, _MAX_SHIFT)
    # One table of 256 entries a channel does what arithmetic on every pixel would.
    levels = np.arange(256, dtype=np.float64)[:, None]
    table = np.clip(np.rint((levels - mean) * gain + mean + shift), 0, 255).astype(np.uint8)
    corrected = np.stack([table[:, c][frame[..., c]] for c in range(3)], axis=-1)
    return np.ascontiguousarray(corrected), following
