"""Small files that ask for gigabytes or minutes of whoever reads them."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """An 8-bit RGB PNG with these chunks between its header and its end."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in ((b"IHDR", header), *chunks, (b"IEND", b""))
    )


def pixels(width: int, height: int) -> bytes:
    """Black, packed as tightly as the format allows."""
    return zlib.compress(bytes((1 + 3 * width) * height), 9)


def packed_text_png(megabytes: int = 500) -> bytes:
    """Half a megabyte of text that unpacks to a thousand times as much."""
    packer = zlib.compressobj(9)
    text = b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()
    return png(16, 16, (b"zTXt", b"Comment\0\0" + text), (b"IDAT", pixels(16, 16)))


def packed_profile_png(megabytes: int = 500) -> bytes:
    packer = zlib.compressobj(9)
    profile = b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()
    return png(16, 16, (b"iCCP", b"Profile\0\0" + profile), (b"IDAT", pixels(16, 16)))


def many_chunks_png(count: int = 400_000) -> bytes:
    """Data in chunks of nothing."""
    empty = struct.pack(">I4sI", 0, b"IDAT", zlib.crc32(b"IDAT"))
    whole = png(64, 64, (b"IDAT", pixels(64, 64)))
    end = whole.index(b"IDAT") - 4
    return whole[:end] + empty * count + whole[end:]


def many_texts_png(count: int = 5_000) -> bytes:
    """Packed texts, each of which unpacks to just less than what a decoder refuses."""
    text = b"Comment\0\0" + zlib.compress(bytes(1_000_000), 9)
    return png(16, 16, *([(b"zTXt", text)] * count), (b"IDAT", pixels(16, 16)))


def empty_blocks_gif(size: int = 20_000_000) -> bytes:
    """Comments of nothing."""
    start = b"GIF89a" + struct.pack("<HHBBB", 16, 16, 0x80, 0, 0) + bytes(6)
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 16, 16, 0) + b"\x02\x02\x4c\x01\x00"
    return start + frame + b"\x21\xfe\x00" * (size // 3) + frame + b"\x3b"


def many_frames_gif(count: int = 1_000_000) -> bytes:
    start = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
    return start + (b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x4c\x01\x00") * count + b"\x3b"


def _box(name: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), name) + body


def many_samples_mp4(count: int = 89_000_000, *, width: int = 64, height: int = 64) -> bytes:
    """A film of that many pictures of one size in a few hundred bytes, as the sample table may say it (stsz)."""
    entry = bytes(6) + struct.pack(">H", 1) + bytes(16)
    entry += struct.pack(">HHIIIH", width, height, 72 << 16, 72 << 16, 0, 1) + bytes(32) + struct.pack(">Hh", 24, -1)
    matrix = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    table = _box(
        b"stbl",
        _box(b"stsd", struct.pack(">II", 0, 1), _box(b"mp4v", entry)),
        _box(b"stts", struct.pack(">IIII", 0, 1, count, 1)),
        _box(b"stsc", struct.pack(">IIIII", 0, 1, 1, count, 1)),
        _box(b"stsz", struct.pack(">III", 0, 1, count)),
        _box(b"stco", struct.pack(">III", 0, 1, 48)),
    )
    media = _box(
        b"mdia",
        _box(b"mdhd", struct.pack(">IIIIIHH", 0, 0, 0, 25, 50, 0x55C4, 0)),
        _box(b"hdlr", bytes(8) + b"vide" + bytes(13)),
        _box(b"minf", _box(b"vmhd", struct.pack(">IQ", 1, 0)), table),
    )
    track = _box(
        b"tkhd",
        struct.pack(">IIIIII", 7, 0, 0, 1, 0, 50) + bytes(16) + matrix + struct.pack(">II", width << 16, height << 16),
    )
    header = _box(
        b"mvhd", struct.pack(">IIIII", 0, 0, 0, 25, 50) + struct.pack(">IHQH", 1 << 16, 256, 0, 0) + matrix + bytes(28)
    )
    movie = _box(b"moov", header, _box(b"trak", track, media))
    return _box(b"ftyp", b"isom\0\0\2\0isomiso2") + _box(b"mdat", bytes(32)) + movie


BOMBS = {
    "samples.mp4": many_samples_mp4,
    "text.png": packed_text_png,
    "profile.png": packed_profile_png,
    "texts.png": many_texts_png,
    "chunks.png": many_chunks_png,
    "blocks.gif": empty_blocks_gif,
    "frames.gif": many_frames_gif,
}


def write_bomb(name: str, folder: Path) -> Path:
    path = folder / name
    path.write_bytes(BOMBS[name]())
    return path
