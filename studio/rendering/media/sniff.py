"""What a file is by its first bytes and its own structure, without a decoder.

Nothing here trusts a name, and nothing is decompressed: sizes, frame counts and missing ends are read from headers, so
a decompression bomb or half an upload is found for the price of a few seeks.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Literal

Kind = Literal["video", "image", "audio", "animation"]


@dataclass(frozen=True)
class Signature:
    """What the bytes say. Picture fields are 0 where only a demuxer can tell."""

    container: str
    mime_type: str
    demuxer: str
    """The only ffmpeg demuxer that may open the file: no playlist or concat script gets to name other files."""
    kind: Kind
    width: int = 0
    height: int = 0
    delays: tuple[int, ...] = ()
    """How long each picture of an animation is shown, in 1/``ticks`` seconds."""
    ticks: int = 1
    has_alpha: bool = False
    truncated: bool = False


class Unsupported(Exception):
    """A media format that is known but not accepted; the argument is its common name."""


class Excessive(Exception):
    """More blocks than any honest file has."""


_MAX_BLOCKS = 1_000_000
"""A second's work; an hour of animation at 240 frames a second has fewer."""


def _counted() -> Iterator[None]:
    """One step a block; raises :class:`Excessive` instead of going on for ever."""
    yield from repeat(None, _MAX_BLOCKS)
    raise Excessive


_APNG_TICKS = 100_000
_PICTURE_BRANDS = frozenset(
    b"heic heix heim heis hevc hevx hevm hevs mif1 mif2 miaf msf1 avif avis avio avci avcs jpeg jpgs j2ki vvic".split()
)
"""Pictures and bursts of them in HEIF boxes, AVIF among them (ISO/IEC 23008-12, AV1 Image File Format)."""
_JPEG_WITHOUT_BODY = frozenset({0x00, 0x01, *range(0xD0, 0xD9), 0xFF})
"""TEM, RSTn and SOI stand alone (ITU-T T.81, B.1.1.3); FF 00 is a stray byte of data, FF FF a fill byte."""


def sniff(path: Path) -> Signature | None:
    """The file's signature, or None if it is no media at all. Raises :class:`Unsupported` and :class:`Excessive`."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for matches, read in _READERS:
            if matches(data):
                return read(data)
    return None


def _iso_media(data: mmap.mmap) -> Signature:
    brand = data[8:12] if data[4:8] == b"ftyp" else b"qt  "
    if brand in _PICTURE_BRANDS:
        raise Unsupported("HEIF")
    position, complete, has_movie, blocks = 0, True, False, _counted()
    while position + 8 <= len(data):
        next(blocks)
        size, name = struct.unpack_from(">I4s", data, position)
        if size == 1 and position + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, position + 8)
        has_movie = has_movie or name == b"moov"
        if size == 0:
            break
        if size < 8:
            complete = has_movie
            break
        if position + size > len(data) and name in {b"mdat", b"moov", b"moof"}:
            complete = False
        position += size
    kind: Kind = "audio" if brand in {b"M4A ", b"M4B "} else "video"
    container, mime = ("mov", "video/quicktime") if brand == b"qt  " else ("mp4", f"{kind}/mp4")
    return Signature(container, mime, "mov", kind, truncated=not (complete and has_movie))


def _ebml(data: mmap.mmap) -> Signature:
    head = data[:4096]
    container, mime = ("webm", "video/webm") if b"\x42\x82\x84webm" in head else ("matroska", "video/x-matroska")
    start = head.find(b"\x18\x53\x80\x67")
    truncated = start < 0
    if start >= 0:
        first = data[start + 4] if start + 4 < len(data) else 0
        length = 9 - first.bit_length()
        size = int.from_bytes(data[start + 4 : start + 4 + length]) & ((1 << 7 * length) - 1)
        # All ones means "unknown", which is what a browser's recorder writes.
        unknown = size == (1 << 7 * length) - 1
        truncated = not unknown and start + 4 + length + size > len(data)
    return Signature(container, mime, "matroska", "video", truncated=truncated)


def _ogg(data: mmap.mmap) -> Signature:
    page = data.rfind(b"OggS")
    segments = data[page + 26] if page + 27 <= len(data) else 0
    table = data[page + 27 : page + 27 + segments]
    complete = page + 27 <= len(data) and page + 27 + segments + sum(table) <= len(data)
    return Signature("ogg", "video/ogg", "ogg", "video", truncated=not complete)


def _gif(data: mmap.mmap) -> Signature:
    width, height, flags = struct.unpack_from("<HHB", data, 6) if len(data) >= 13 else (0, 0, 0)
    position = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    delays: list[int] = []
    delay, has_alpha, truncated, blocks = 10, False, False, _counted()
    while position < len(data) and data[position] in {0x21, 0x2C}:
        if data[position] == 0x21:
            if data[position + 1 : position + 3] == b"\xf9\x04" and position + 8 <= len(data):
                packed, delay = struct.unpack_from("<BH", data, position + 3)
                # Browsers and ffmpeg alike play "as fast as you can" at ten frames a second.
                delay = delay if delay > 1 else 10
                has_alpha = has_alpha or bool(packed & 1)
            position += 2
        else:
            if position + 10 > len(data):
                truncated = True
                break
            x, y, w, h, local = struct.unpack_from("<HHHHB", data, position + 1)
            width, height = max(width, x + w), max(height, y + h)
            position += 11 + (3 << (local & 7) + 1 if local & 0x80 else 0)
            # What follows the last picture, a comment say, is no picture.
            delays.append(delay)
        next(blocks)
        while position < len(data) and data[position]:
            position += 1 + data[position]
            next(blocks)
        truncated = position >= len(data)
        position += 1
    kind: Kind = "animation" if len(delays) > 1 else "image"
    truncated = truncated or not delays
    return Signature("gif", "image/gif", "gif", kind, width, height, tuple(delays), 100, has_alpha, truncated)


def _png(data: mmap.mmap) -> Signature:
    width, height, _depth, colour = struct.unpack_from(">IIBB", data, 16) if len(data) >= 33 else (0, 0, 0, 0)
    position, complete, animated, has_alpha, blocks = 8, False, False, colour in {4, 6}, _counted()
    delays: list[int] = []
    while position + 12 <= len(data):
        next(blocks)
        size, name = struct.unpack_from(">I4s", data, position)
        if position + 12 + size > len(data):
            break
        if name == b"acTL":
            animated = True
        elif name == b"fcTL" and size >= 24:
            numerator, denominator = struct.unpack_from(">HH", data, position + 28)
            delays.append(_APNG_TICKS * numerator // (denominator or 100) or _APNG_TICKS // 15)
        elif name == b"tRNS":
            has_alpha = True
        elif name == b"IEND":
            complete = True
            break
        position += 12 + size
    kind: Kind = "animation" if animated and len(delays) > 1 else "image"
    demuxer = "apng" if kind == "animation" else "png_pipe"
    shown = tuple(delays), _APNG_TICKS
    return Signature("png", "image/png", demuxer, kind, width, height, *shown, has_alpha, not complete)


def _jpeg(data: mmap.mmap) -> Signature:
    width = height = 0
    position, complete, blocks = 2, False, _counted()
    while position + 4 <= len(data):
        next(blocks)
        # Any number of fill bytes may stand before a marker, and decoders pass over what is none.
        position = data.find(b"\xff", position)
        if position < 0 or position + 4 > len(data):
            break
        marker = data[position + 1]
        if marker in _JPEG_WITHOUT_BODY:
            position += 1 if marker == 0xFF else 2
            continue
        (size,) = struct.unpack_from(">H", data, position + 2)
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC} and position + 9 <= len(data):
            height, width = struct.unpack_from(">HH", data, position + 5)
        position += 2 + size
        if marker == 0xDA:
            complete = data.find(b"\xff\xd9", position) >= 0
            break
    return Signature("jpeg", "image/jpeg", "jpeg_pipe", "image", width, height, truncated=not complete)


def _webp(data: mmap.mmap) -> Signature:
    (size,) = struct.unpack_from("<I", data, 4)
    truncated = size + 8 > len(data)
    width = height = 0
    animated, has_alpha, blocks = False, False, _counted()
    delays: list[int] = []
    position = 12
    while position + 18 <= len(data):
        next(blocks)
        name, size = struct.unpack_from("<4sI", data, position)
        body = position + 8
        if name == b"VP8X":
            animated, has_alpha = bool(data[body] & 2), bool(data[body] & 16)
            width, height = (1 + int.from_bytes(data[body + at : body + at + 3], "little") for at in (4, 7))
        elif name == b"ANMF" and body + 15 <= len(data):
            milliseconds = int.from_bytes(data[body + 12 : body + 15], "little")
            # As browsers and ffmpeg play it.
            delays.append(milliseconds if milliseconds > 10 else 100)
        elif name == b"VP8 ":
            w, h = struct.unpack_from("<HH", data, body + 6)
            width, height = max(width, w & 0x3FFF), max(height, h & 0x3FFF)
        elif name == b"VP8L":
            bits = int.from_bytes(data[body + 1 : body + 5], "little")
            width, height = max(width, 1 + (bits & 0x3FFF)), max(height, 1 + (bits >> 14 & 0x3FFF))
            has_alpha = has_alpha or bool(bits >> 28 & 1)
        position = body + size + (size & 1)
    kind: Kind = "animation" if animated and len(delays) > 1 else "image"
    demuxer = "webp_anim" if kind == "animation" else "webp_pipe"
    return Signature("webp", "image/webp", demuxer, kind, width, height, tuple(delays), 1000, has_alpha, truncated)


def _wav(data: mmap.mmap) -> Signature:
    position, complete, blocks = 12, False, _counted()
    while position + 8 <= len(data):
        next(blocks)
        name, size = struct.unpack_from("<4sI", data, position)
        if name == b"data":
            # Zero and all ones are what a writer leaves that could not seek back to fill in the size.
            complete = size in {0, 0xFFFFFFFF} or position + 8 + size <= len(data)
            break
        position += 8 + size + (size & 1)
    return Signature("wav", "audio/wav", "wav", "audio", truncated=not complete)


def _mpeg_audio(data: mmap.mmap) -> Signature | None:
    position = 0
    if data[:3] == b"ID3" and len(data) > 10:
        position = 10 + sum((data[6 + i] & 0x7F) << 7 * (3 - i) for i in range(4))
    if position + 2 > len(data) or data[position] != 0xFF:
        return Signature("mp3", "audio/mpeg", "mp3", "audio") if position else None
    second = data[position + 1]
    if second & 0xF6 == 0xF0:
        return Signature("aac", "audio/aac", "aac", "audio")
    if second & 0xE6 == 0xE2:
        return Signature("mp3", "audio/mpeg", "mp3", "audio")
    return None


def _refuse(name: str) -> Callable[[mmap.mmap], Signature]:
    def read(_data: mmap.mmap) -> Signature:
        raise Unsupported(name)

    return read


def _starts(*prefixes: bytes) -> Callable[[mmap.mmap], bool]:
    return lambda data: any(data[: len(prefix)] == prefix for prefix in prefixes)


def _riff(form: bytes) -> Callable[[mmap.mmap], bool]:
    return lambda data: data[:4] == b"RIFF" and data[8:12] == form


_READERS: tuple[tuple[Callable[[mmap.mmap], bool], Callable[[mmap.mmap], Signature | None]], ...] = (
    (lambda data: data[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}, _iso_media),
    (_starts(b"\x1a\x45\xdf\xa3"), _ebml),
    (_starts(b"OggS"), _ogg),
    (_starts(b"GIF87a", b"GIF89a"), _gif),
    (_starts(b"\x89PNG\r\n\x1a\n"), _png),
    (_starts(b"\xff\xd8\xff"), _jpeg),
    (_riff(b"WEBP"), _webp),
    (_riff(b"WAVE"), _wav),
    (_starts(b"ID3", b"\xff"), _mpeg_audio),
    (_riff(b"AVI "), _refuse("AVI")),
    (_starts(b"FLV\x01"), _refuse("Flash video")),
    (_starts(b"fLaC"), _refuse("FLAC")),
    (_starts(b"\x30\x26\xb2\x75"), _refuse("Windows Media")),
    (_starts(b"BM"), _refuse("BMP")),
    (_starts(b"II*\x00", b"MM\x00*"), _refuse("TIFF")),
    (_starts(b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3"), _refuse("MPEG")),
    (_starts(b"#EXTM3U", b"ffconcat"), _refuse("playlist")),
)
