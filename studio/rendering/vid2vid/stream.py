"""The source as a stream of batches, read ahead on a thread of its own; never a list of all frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from studio.rendering.errors import MediaError
from studio.rendering.pictures.arrays import Frames

T = TypeVar("T")


@dataclass(frozen=True)
class Clip:
    """One batch of source frames (n, h, w, 3) and what it needs to know of those before it."""

    start: int
    frames: Frames
    previous: np.ndarray | None
    """The source frame before ``start``, (h, w, 3)."""
    context: Frames | None
    """The last few source frames before ``start``, for models that look back."""
    anchor: Frames
    """The source's first frame, (1, h, w, 3)."""


def batches(source: Iterator[Frames], *, first: int, total: int, size: int, context: int = 0) -> Iterator[Clip]:
    """Frames ``first`` to ``total`` of ``source`` in batches of ``size``, the last one shorter. Raises MediaError
    when it ends early.
    """
    before: deque[np.ndarray] = deque(maxlen=max(1, context))
    anchor: Frames | None = None
    gathered: list[np.ndarray] = []
    start = first
    seen = 0
    for frame in _single(source):
        if anchor is None:
            anchor = frame[None].copy()
        seen += 1
        if seen <= first:
            before.append(frame)
            continue
        gathered.append(frame)
        if len(gathered) == size or seen == total:
            back = np.stack(before) if context and before else None
            yield Clip(start, np.stack(gathered), before[-1] if before else None, back, anchor)
            before.extend(gathered)
            start += len(gathered)
            gathered = []
        if seen == total:
            return
    raise MediaError(f"The source video has only {seen} of the {total} frames that are to be rendered.")


@contextmanager
def prefetch(items: Iterator[T], depth: int) -> Iterator[Iterator[T]]:
    """Iterate ``items`` up to ``depth`` ahead on another thread; leaving the block stops reading after the item in
    hand.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="prefetch") as pool:
        ahead: deque[Future[tuple[T, ...]]] = deque()

        def take() -> tuple[T, ...]:
            for item in items:
                return (item,)
            return ()

        def drain() -> Iterator[T]:
            while True:
                while len(ahead) < depth:
                    ahead.append(pool.submit(take))
                found = ahead.popleft().result()
                if not found:
                    return
                yield found[0]

        try:
            yield drain()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _single(source: Iterator[Frames]) -> Iterator[np.ndarray]:
    for chunk in source:
        if chunk.ndim == 3:
            yield chunk
        else:
            yield from chunk
