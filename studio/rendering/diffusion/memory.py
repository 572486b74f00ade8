"""Device memory: what is free, what to do when it is not enough, and how far the host may run ahead."""

from __future__ import annotations

import ctypes
import functools
import gc
import os
from collections import deque

import torch

_CPU_BATCH = 8
"""More frames at once gain little on a CPU (21.5 ms a frame at 8, 14.4 at 16) and make cancelling slower."""
_CUDA_BATCH = 16
"""An H100 is full at about 16 frames of 512x512."""
_SHARE = 0.8
"""Of the free memory; the rest is for fragmentation and other processes."""

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
"""Of glibc's mallopt(3)."""


def is_out_of_memory(error: BaseException) -> bool:
    """True for CUDA's error and for the CPU allocator's, which is a bare RuntimeError."""
    return (
        isinstance(error, torch.OutOfMemoryError)
        or "can't allocate memory" in str(error)
        or "not enough memory" in str(error)
    )


def release(device: torch.device) -> None:
    """Hand cached and unreachable memory back after a failure or an eviction."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


@functools.cache
def keep_freed_pages() -> None:
    """Let the C library keep what activations leave behind for the next ones, until :func:`release`.

    By default it gives each of them back to the system, which clears the pages again for the next one: a tenth of a
    frame's time, more of a large one's. Other C libraries than glibc do as they do.
    """
    if set_option := getattr(ctypes.CDLL(None), "mallopt", None):
        set_option(_M_MMAP_MAX, 0)
        set_option(_M_TRIM_THRESHOLD, 2**31 - 1)


def frames_that_fit(device: torch.device, bytes_per_frame: int) -> int:
    """At least 1."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        free += torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        limit = _CUDA_BATCH
    else:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        limit = _CPU_BATCH
    return max(1, min(limit, int(free * _SHARE) // max(1, bytes_per_frame)))


class Pace:
    """Keeps the host at most ``depth`` steps ahead of a CUDA device, so that a cancelled render stops soon."""

    def __init__(self, device: torch.device, depth: int) -> None:
        self._depth = depth
        self._events: deque[torch.cuda.Event] | None = deque() if device.type == "cuda" else None

    def tick(self) -> None:
        """Call after each step's work has been queued."""
        if self._events is None:
            return
        event = torch.cuda.Event()
        event.record()
        self._events.append(event)
        if len(self._events) > self._depth:
            self._events.popleft().synchronize()
