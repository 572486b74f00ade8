"""Engines kept warm between jobs: least recently used out first, measured in bytes, never one that is in use.

``from_pretrained`` patches torch process-wide while it runs, so models are built one at a time.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, Protocol, TypeVar

import torch

from studio.rendering.diffusion import memory
from studio.rendering.diffusion.engine import DiffusionEngine
from studio.rendering.diffusion.numerics import Precision
from studio.rendering.models.checks import check_model
from studio.rendering.models.families import FAMILIES
from studio.rendering.models.loading import load_components
from studio.rendering.plan import ModelSpec


class Sized(Protocol):
    """Something that says how many bytes it keeps."""

    @property
    def nbytes(self) -> int: ...


T = TypeVar("T", bound=Sized)
Choice = Literal["auto", "float32"]


@dataclass
class _Entry(Generic[T]):
    value: T
    users: int = 0


class WarmCache(Generic[T]):
    """At most ``capacity`` bytes of idle and busy values together, except that a value in use is never dropped."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._entries: OrderedDict[Hashable, _Entry[T]] = OrderedDict()
        self._lock = threading.RLock()

    @property
    def nbytes(self) -> int:
        return sum(entry.value.nbytes for entry in self._entries.values())

    def __contains__(self, key: Hashable) -> bool:
        return key in self._entries

    def keys(self) -> list[Hashable]:
        """Of what is there, the least recently used first. Waits for nobody who builds."""
        return list(self._entries)

    def get(self, key: Hashable, build: Callable[[], T]) -> T:
        """The value of ``key``, built if it is not there. The caller keeps it alive; the cache may forget it."""
        with self._lock:
            return self._enter(key, build).value

    @contextmanager
    def lease(self, key: Hashable, build: Callable[[], T]) -> Iterator[T]:
        """As :meth:`get`, and the value stays in the cache for the block."""
        with self._lock:
            entry = self._enter(key, build)
            entry.users += 1
        try:
            yield entry.value
        finally:
            with self._lock:
                entry.users -= 1
                self._evict(keep=None)

    def clear(self) -> None:
        """Forget everything that is not in use."""
        with self._lock:
            for key in [key for key, entry in self._entries.items() if not entry.users]:
                del self._entries[key]
            _release()

    def _enter(self, key: Hashable, build: Callable[[], T]) -> _Entry[T]:
        if key not in self._entries:
            self._entries[key] = _Entry(build())
        self._entries.move_to_end(key)
        self._evict(keep=key)
        return self._entries[key]

    def _evict(self, keep: Hashable) -> None:
        dropped = False
        for key in list(self._entries):
            if self.nbytes <= self.capacity:
                break
            if key != keep and not self._entries[key].users:
                del self._entries[key]
                dropped = True
        if dropped:
            _release()


def configure(*, device: str = "", capacity: int = 0, precision: Choice = "float32") -> None:
    """Say where engines live and how many bytes of them stay warm: left empty, CUDA if there is one, half its memory.
    ``precision`` is what a CPU computes in: ``float32`` always, or what its first measurements say (``auto``).

    Call it before the first engine is loaded.
    """
    global _chosen_device, _chosen_capacity, _chosen_precision
    _chosen_device, _chosen_capacity, _chosen_precision = device, capacity, precision


def default_precision() -> Choice:
    """The configured one, else float32, which is the same on every processor."""
    return _chosen_precision


def default_device() -> torch.device:
    """The configured one, else CUDA when there is one."""
    return torch.device(_chosen_device or ("cuda" if torch.cuda.is_available() else "cpu"))


def build_engine(spec: ModelSpec, device: torch.device, precision: Precision = "float32") -> DiffusionEngine:
    """A fresh engine: float16 on CUDA, ``precision`` elsewhere. Raises ModelError."""
    check_model(spec)
    dtype = torch.float16 if device.type == "cuda" else torch.float32
    parts = load_components(Path(spec.location), dtype=dtype, draft=spec.draft)
    return FAMILIES[spec.family](parts, device, precision)


def load_engine(
    spec: ModelSpec, *, device: torch.device | str | None = None, precision: Precision = "float32"
) -> DiffusionEngine:
    """The warm engine of ``spec``, loaded on first use. Raises ModelError."""
    chosen = _device(device)
    return _engines().get(_key(spec, chosen, precision), lambda: build_engine(spec, chosen, precision))


@contextmanager
def engine_lease(
    spec: ModelSpec, *, device: torch.device | str | None = None, precision: Precision = "float32"
) -> Iterator[DiffusionEngine]:
    """The warm engine of ``spec`` for a block, during which it can't be evicted. Raises ModelError."""
    chosen = _device(device)
    with _engines().lease(_key(spec, chosen, precision), lambda: build_engine(spec, chosen, precision)) as engine:
        yield engine


def warm_models() -> list[str]:
    """The folders of the engines that are loaded, the least recently used first."""
    keys = [] if _cache is None else _cache.keys()
    # As _key makes them.
    return list(dict.fromkeys(Path(key[1]).name for key in keys if isinstance(key, tuple)))


_chosen_device = ""
_chosen_capacity = 0
_chosen_precision: Choice = "float32"
_cache: WarmCache[DiffusionEngine] | None = None
_cache_lock = threading.Lock()


def _engines() -> WarmCache[DiffusionEngine]:
    global _cache
    with _cache_lock:
        if _cache is None:
            _cache = WarmCache(_chosen_capacity or _default_capacity())
        return _cache


def _default_capacity() -> int:
    """Half of the device's memory: the other half is for activations and whoever else is there."""
    device = default_device()
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory // 2
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def _device(device: torch.device | str | None) -> torch.device:
    return default_device() if device is None else torch.device(device)


def _key(spec: ModelSpec, device: torch.device, precision: Precision) -> Hashable:
    """A model that was replaced on disk is another model."""
    location = Path(spec.location)
    changed = location.stat().st_mtime_ns if location.exists() else 0
    return (spec.family, str(location.resolve()), changed, spec.draft, str(device), precision)


def _release() -> None:
    memory.release(default_device())
