"""What happens to rendered frames in order, one after another: colour stabilisation, then temporal smoothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from studio.rendering.pictures.arrays import Frames
from studio.rendering.vid2vid.colour import ColourReference, stabilise
from studio.rendering.vid2vid.smoothing import is_cut, smooth


@dataclass(frozen=True)
class Memory:
    """All that a frame's finish needs of the frames before it; frames are (h, w, 3)."""

    source: np.ndarray | None = None
    output: np.ndarray | None = None
    """The previous frame as it was delivered."""
    colour: ColourReference | None = None


def finish(
    outputs: Frames, sources: Frames, memory: Memory, *, smoothing: float, stabilise_colour: bool
) -> tuple[Frames, Memory]:
    """Finish frames (n, h, w, 3) in order; the memory after the last one. With both features off the frames pass
    unchanged.
    """
    if smoothing <= 0.0 and not stabilise_colour:
        return outputs, replace(memory, source=sources[-1], output=outputs[-1])
    finished = np.empty_like(outputs)
    for i, (output, source) in enumerate(zip(outputs, sources, strict=True)):
        colour = memory.colour
        if memory.source is not None and is_cut(memory.source, source):
            colour = None
        if stabilise_colour:
            output, colour = stabilise(output, colour)
        if smoothing > 0.0 and memory.source is not None and memory.output is not None:
            output = smooth(output, source, memory.output, memory.source, smoothing).frame
        finished[i] = output
        memory = Memory(source, finished[i], colour)
    return finished, memory
