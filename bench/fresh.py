"""What only a process of its own can show: ``python -m bench.fresh memory N`` and ``python -m bench.fresh start
DEVICE SHAPE``.

``memory`` prints the peak memory of rendering N frames, in kilobytes; ``start`` ends when a first frame is rendered.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.workload import RATE, Workload
from studio.rendering.media.sink import FrameSink
from studio.rendering.pictures.arrays import Frames
from studio.rendering.plan import ModelSpec, RenderPlan, Vid2VidParams
from studio.rendering.vid2vid.pipeline import restyle

_SIDE = 64


def memory(count: int) -> None:
    """Render ``count`` tiny frames from a source that is never held as a whole."""
    torch.set_num_threads(1)
    load = Workload(torch.device("cpu"), "tiny", _SIDE, count, 2, 8, 1)
    params, model = Vid2VidParams("a wolf in the snow"), ModelSpec("sd15", "", steps=2)
    plan = RenderPlan("vid2vid", model, _SIDE, _SIDE, str(RATE), count, 5, params, batch_size=8)
    with tempfile.TemporaryDirectory() as folder, FrameSink(Path(folder), width=_SIDE, height=_SIDE, fps=RATE) as sink:
        engine, state = load.build(), Path(folder)
        restyle(plan, engine, source=_frames(count), sink=sink, state_dir=state, should_stop=lambda: False)
        sink.finish()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def start(device: str, shape: Any, side: int) -> None:
    """Everything a first job waits for: imports, the model, one frame."""
    load = Workload(torch.device(device), shape, side, 1, 8, 1, 1)
    load.generate(load.build(), load.clip())


def _frames(count: int) -> Iterator[Frames]:
    generator = np.random.default_rng(0)
    for _ in range(count):
        yield generator.integers(0, 256, (_SIDE, _SIDE, 3), dtype=np.uint8)


if __name__ == "__main__":
    if sys.argv[1] == "memory":
        memory(int(sys.argv[2]))
    else:
        start(sys.argv[2], sys.argv[3], int(sys.argv[4]))
