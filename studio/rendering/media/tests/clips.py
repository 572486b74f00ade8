"""Media files for the tests, written by ffmpeg and Pillow, in which a frame's brightness tells its index."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.rendering.media import ffmpeg

STEP = 8
"""Grey levels from one frame to the next: far more than a codec blurs."""

WIDTH, HEIGHT = 64, 48


def numbered(count: int, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """Frames (count, height, width, 3) of grey ``STEP * index``."""
    levels = (np.arange(count) * STEP).astype(np.uint8)
    return np.broadcast_to(levels[:, None, None, None], (count, height, width, 3)).copy()


def index_of(frame: NDArray[np.uint8]) -> int:
    """Which numbered frame this is."""
    return round(float(frame.mean()) / STEP)


def run_ffmpeg(*arguments: str | Path, stdin: bytes = b"") -> None:
    command = [ffmpeg.binary(), "-hide_banner", "-loglevel", "error", "-y", *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def write_numbered(
    path: Path,
    *options: str,
    count: int = 24,
    fps: str = "24",
    sound: bool = False,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> Path:
    """A clip of numbered frames in whatever ``path`` and ``options`` ask for."""
    tone = ["-f", "lavfi", "-i", f"sine=frequency=440:duration={count / eval_rate(fps)}"] if sound else []
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", fps, "-i", "pipe:0"]
    run_ffmpeg(*raw, *tone, *options, path, stdin=numbered(count, width, height).tobytes())
    return path


def write_tone(path: Path, *options: str, seconds: float = 1.0) -> Path:
    run_ffmpeg("-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}:sample_rate=48000", *options, path)
    return path


def eval_rate(fps: str) -> float:
    numerator, _, denominator = fps.partition("/")
    return int(numerator) / int(denominator or 1)


def cut(path: Path, destination: Path, share: float = 0.6) -> Path:
    """The first part of a file, as a broken upload leaves it."""
    data = path.read_bytes()
    destination.write_bytes(data[: int(len(data) * share)])
    return destination
