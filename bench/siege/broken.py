"""Media that something happened to, as files for ``Vandal``. Seeded, so a finding comes again."""

from __future__ import annotations

import random
from pathlib import Path

from studio.rendering.media.tests.mutations import mutated, write_seeds


def broken_files(folder: Path, count: int, seed: int) -> list[Path]:
    """So many broken copies of small real files, of every accepted kind in turn."""
    chance = random.Random(seed)
    (folder / "whole").mkdir(parents=True)
    whole = write_seeds(folder / "whole")
    paths = []
    for number in range(count):
        source = whole[number % len(whole)]
        paths.append(folder / f"{number:05d}{source.suffix}")
        paths[-1].write_bytes(mutated(source.read_bytes(), chance))
    return paths
