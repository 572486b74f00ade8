"""Real files, damaged in ways that a seed decides: cut, flipped, stretched, with boxes that lie about their size."""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from studio.rendering.errors import MediaError
from studio.rendering.media.probe import Purpose, check_upload
from studio.rendering.media.sandbox import WALL_SECONDS
from studio.rendering.media.tests.clips import write_numbered, write_tone

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac")
_LARGE = (0, 1, 0x7F, 0xFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def write_seeds(folder: Path) -> list[Path]:
    """A small file of every kind that is accepted."""
    picture = Image.linear_gradient("L").resize((96, 64)).convert("RGB")
    picture.save(folder / "a.jpg")
    picture.save(folder / "progressive.jpg", progressive=True)
    picture.save(folder / "a.png")
    picture.save(folder / "still.webp")
    others = [picture.rotate(angle) for angle in (90, 180)]
    for name in ("a.gif", "animated.png", "animated.webp"):
        picture.save(folder / name, save_all=True, append_images=others, duration=100)
    write_numbered(folder / "a.mp4", *H264, sound=True)
    write_numbered(folder / "fragments.mp4", *H264, "-movflags", "+frag_keyframe+empty_moov", "-g", "6", sound=True)
    write_numbered(folder / "a.mov", *H264, sound=True)
    write_numbered(folder / "a.webm", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-c:a", "libopus", sound=True)
    write_numbered(folder / "a.ogg", "-c:v", "libtheora", "-c:a", "libvorbis", sound=True)
    for name in ("a.mp3", "a.aac", "a.wav", "a.m4a"):
        write_tone(folder / name)
    return sorted(folder.iterdir())


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The bytes with one to four things wrong; most in the first kilobytes, where the structure is."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        size = len(changed)
        if size < 16:
            break
        at = min(size - 8, int(chance.expovariate(1 / 400)) if chance.random() < 0.6 else chance.randrange(size))
        match chance.randrange(6):
            case 0:
                del changed[chance.randrange(1, size) :]
            case 1:
                changed[at] ^= 1 << chance.randrange(8)
            case 2:
                changed[at:at] = chance.randbytes(chance.randint(1, 64))
            case 3:
                del changed[at : at + chance.randint(1, 64)]
            case 4:
                width = chance.choice((1, 2, 4))
                order = chance.choice(("big", "little"))
                changed[at : at + width] = (chance.choice(_LARGE) & (1 << 8 * width) - 1).to_bytes(width, order)
            case 5:
                changed[at : at + 32] = changed[at : at + 32] * 2
    return bytes(changed)


def look_at_mutations(count: int, *, seed: int = 0) -> Counter[str]:
    """Judge ``count`` mutated files as uploads; answers how often each verdict was given (``accepted``, or a code).

    Raises AssertionError for a verdict that took too long, and whatever the judging raises but for refusals.
    """
    verdicts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for path, purpose in _mutations(Path(folder), count, seed):
            started = time.monotonic()
            verdicts[_verdict(path, purpose)] += 1
            assert time.monotonic() - started < WALL_SECONDS
    return verdicts


def _verdict(path: Path, purpose: Purpose) -> str:
    try:
        check_upload(path, kind=purpose)
    except MediaError as refused:
        return refused.code
    return "accepted"


def _mutations(folder: Path, count: int, seed: int) -> Iterator[tuple[Path, Purpose]]:
    chance = random.Random(seed)
    (folder / "seeds").mkdir()
    seeds = [(path.suffix, path.read_bytes()) for path in write_seeds(folder / "seeds")]
    for number in range(count):
        suffix, data = seeds[number % len(seeds)]
        path = folder / f"mutated{suffix}"
        path.write_bytes(mutated(data, chance))
        yield path, "soundtrack" if suffix in {".mp3", ".aac", ".wav", ".m4a"} else "attachment"
