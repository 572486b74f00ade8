"""Media that something happened to: real small files, cut, flipped, torn, doubled. Seeded, so a finding comes again."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import ffmpeg

from studio.rendering.media.ffmpeg import binary
from studio.rendering.media.sample import write_clip, write_soundtrack

Mutation = Callable[[bytearray, random.Random], bytearray]


def whole_files(folder: Path) -> list[Path]:
    """One sound file of each accepted container."""
    clip = write_clip(folder / "clip.mp4", width=64, height=64, seconds=0.5)
    files = [clip, write_soundtrack(folder / "song.mp3", seconds=1)]
    for name, options in (
        ("clip.webm", {"vcodec": "libvpx", "deadline": "realtime"}),
        ("clip.mov", {"vcodec": "mpeg4"}),
        ("clip.gif", {}),
        ("clip.ogg", {"vcodec": "libtheora"}),
        ("still.png", {"frames:v": 1}),
        ("still.jpg", {"frames:v": 1}),
        ("still.webp", {"frames:v": 1}),
    ):
        ffmpeg.input(str(clip)).output(str(folder / name), **options).run(
            cmd=binary(), quiet=True, overwrite_output=True
        )
        files.append(folder / name)
    ffmpeg.input(str(files[1])).output(str(folder / "song.wav")).run(cmd=binary(), quiet=True, overwrite_output=True)
    return [*files, folder / "song.wav"]


def broken_files(folder: Path, count: int, seed: int) -> list[Path]:
    """So many broken copies, of every kind in turn."""
    rng = random.Random(seed)
    whole = whole_files(folder)
    broken = folder / "broken"
    broken.mkdir()
    paths = []
    for number in range(count):
        source = whole[number % len(whole)]
        content = bytearray(source.read_bytes())
        for _ in range(rng.randint(1, 3)):
            content = rng.choice(_MUTATIONS)(content, rng)
        paths.append(broken / f"{number:05d}{source.suffix}")
        paths[-1].write_bytes(content)
    return paths


def _cut(content: bytearray, rng: random.Random) -> bytearray:
    return content[: rng.randrange(len(content) + 1)]


def _flip(content: bytearray, rng: random.Random) -> bytearray:
    for _ in range(rng.randint(1, 32) if content else 0):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return content


def _flip_head(content: bytearray, rng: random.Random) -> bytearray:
    for _ in range(rng.randint(1, 8) if content else 0):
        content[rng.randrange(min(len(content), 512))] = rng.randrange(256)
    return content


def _enlarge_number(content: bytearray, rng: random.Random) -> bytearray:
    """Four bytes that may be a size or a count become huge."""
    place = rng.randrange(max(1, len(content) - 4))
    content[place : place + 4] = rng.choice([b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x00"])
    return content


def _tear_out(content: bytearray, rng: random.Random) -> bytearray:
    place = rng.randrange(len(content) + 1)
    del content[place : place + rng.randint(1, 2048)]
    return content


def _double(content: bytearray, rng: random.Random) -> bytearray:
    place = rng.randrange(len(content) + 1)
    return content[:place] + content[: rng.randint(0, 4096)] + content[place:]


_MUTATIONS: list[Mutation] = [_cut, _flip, _flip_head, _enlarge_number, _tear_out, _double]
