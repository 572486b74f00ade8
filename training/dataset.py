"""The training set, cached on disk: pictures once, latents once, so that training neither draws nor encodes."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from studio.builtin_model.location import training_cache
from training.natural import natural_picture
from training.scenes import Scene, scene_at
from training.styles import STYLES, render

SIZE = 128
TRAIN_SEED, NATURAL_SEED, HELD_OUT_SEED, WIDE_SEED, LARGE_SEED, REPAINTED_SEED = range(6)
CHUNK = 256


def scenes(count: int, *, seed: int = TRAIN_SEED) -> list[Scene]:
    """The first ``count`` scenes of set ``seed``; every style equally often."""
    return [scene_at(index, styles=STYLES, seed=seed) for index in range(count)]


def pictures(count: int, *, natural: bool = False, workers: int = 1) -> NDArray[np.uint8]:
    """(count, 128, 128, 3) RGB, memory-mapped; drawn on first use and kept in the training cache."""
    path = training_cache() / f"{'natural' if natural else 'styled'}-{count}.npy"
    if not path.exists():
        _draw_all(path, count, natural, workers)
    return np.load(path, mmap_mode="r")


def _draw_all(path: Path, count: int, natural: bool, workers: int) -> None:
    part = path.with_suffix(".part")
    array = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=(count, SIZE, SIZE, 3))
    starts = range(0, count, CHUNK)
    with ProcessPoolExecutor(workers) as pool:
        jobs = pool.map(_draw_chunk, starts, [min(start + CHUNK, count) for start in starts], [natural] * len(starts))
        for start, chunk in zip(starts, tqdm(jobs, total=len(starts), desc=path.stem), strict=True):
            array[start : start + len(chunk)] = chunk
    array.flush()
    part.rename(path)


def _draw_chunk(start: int, stop: int, natural: bool) -> NDArray[np.uint8]:
    if natural:
        return np.stack(
            [natural_picture(np.random.default_rng([NATURAL_SEED, i]), SIZE, SIZE) for i in range(start, stop)]
        )
    return np.stack([render(scene_at(i, styles=STYLES, seed=TRAIN_SEED), SIZE, SIZE) for i in range(start, stop)])
