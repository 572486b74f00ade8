"""Stills, decoded as stills: the primary picture of the file, turned as its EXIF data says, whatever else it holds.

Runs in a helper process only; ``decode`` asks there.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, UnidentifiedImageError, WebPImagePlugin

from studio.rendering.errors import MediaError
from studio.rendering.media.info import LIMITS

_FORMATS = tuple(
    plugin.format
    for plugin in (
        GifImagePlugin.GifImageFile,
        JpegImagePlugin.JpegImageFile,
        PngImagePlugin.PngImageFile,
        WebPImagePlugin.WebPImageFile,
    )
)
"""Named by their classes: Pillow knows a plugin only once it is imported."""
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes an EXIF orientation."""
_TRANSPOSED = range(5, 9)
"""Orientations that exchange width and height."""
_ORIENTATION = 0x0112
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_PICTURE = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"eXIf"}
_STRIP_ROWS = 256
_WIDE_MODES = {"I", "I;16", "I;16B", "I;16L", "I;16N"}


@dataclass(frozen=True)
class Still:
    """A still as it is shown."""

    width: int
    height: int
    has_alpha: bool
    bit_depth: int


def look(path: Path, max_pixels: int) -> Still:
    """Decode a still once, as small as its format allows. Raises MediaError."""
    with _opened(path, max_pixels) as image:
        size = image.size
        image.draft("RGB", (1, 1))
        image.load()
        if _orientation(image) in _TRANSPOSED:
            size = size[1], size[0]
        depth = 16 if image.mode in _WIDE_MODES else 8
        return Still(*size, has_alpha=image.has_transparency_data, bit_depth=depth)


def read(path: Path, width: int, height: int) -> bytes:
    """The picture as ``width * height`` RGB pixels: turned, flattened on white, scaled. Raises MediaError."""
    with _opened(path, LIMITS["attachment"].max_still_pixels) as image:
        # A JPEG is scaled on decoding, to the next larger eighth.
        image.draft("RGB", _before_turning(image, width, height))
        image.load()
        small = _flattened(image, _before_turning(image, width, height))
        turn = _TURNS.get(_orientation(image))
        shown = small if turn is None else small.transpose(turn)
        return shown.resize((width, height), Image.Resampling.LANCZOS).tobytes()


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - whatever is wrong with what is said about a picture, the picture is as good
        return 1


def _before_turning(image: Image.Image, width: int, height: int) -> tuple[int, int]:
    return (height, width) if _orientation(image) in _TRANSPOSED else (width, height)


@contextmanager
def _opened(path: Path, max_pixels: int) -> Iterator[Image.Image]:
    Image.MAX_IMAGE_PIXELS = None  # checked here, with words for the user
    try:
        with _identified(path) as image:
            if image.width * image.height > max_pixels:
                size = f"{image.width}x{image.height} pixels"
                most = f"at most {max_pixels / 1e6:g} megapixels are accepted"
                raise MediaError(f"The picture has {size}; {most}.", code="too_many_pixels")
            yield image
    except UnidentifiedImageError as error:
        raise MediaError("The picture's header is damaged.", code="not_media") from error
    except ValueError as error:
        if not _unpacks_to_much(error):
            raise
        raise MediaError("The picture carries packed texts of excessive size.", code="too_costly") from error
    except (OSError, SyntaxError, EOFError, AssertionError) as error:
        # The last of these for a palette that is missing.
        if "could not create decoder object" in str(error):
            # What Pillow makes of a WebP whose picture has no room in memory.
            raise MemoryError from error
        if isinstance(error, OSError) and "truncated" in str(error):
            message = "The file is incomplete: its end is missing. Upload it again."
            raise MediaError(message, code="truncated") from error
        raise MediaError("The picture is damaged and can't be shown.", code="not_media") from error


def _identified(path: Path) -> Image.Image:
    try:
        return Image.open(path, formats=_FORMATS)
    except (UnidentifiedImageError, ValueError) as error:
        bare = None if _unpacks_to_much(error) else _bare_png(path)
        if bare is None:
            raise
        return Image.open(bare, formats=_FORMATS)


def _unpacks_to_much(error: Exception) -> bool:
    """Pillow refuses texts and profiles that unpack to far more than they take up."""
    return "Decompressed data too large" in str(error) or "Too much memory used" in str(error)


def _bare_png(path: Path) -> io.BytesIO | None:
    """The picture of a PNG without what is said about it: Pillow, unlike browsers, refuses the whole for that."""
    data = path.read_bytes()
    if not data.startswith(_PNG_SIGNATURE) or len(data) < 33:
        return None
    # By the type of colour: none for those that have transparency in their pixels.
    transparencies = {0: {2}, 2: {6}, 3: set(range(1, 257))}.get(data[25], set())
    bare, position = io.BytesIO(), len(_PNG_SIGNATURE)
    bare.write(_PNG_SIGNATURE)
    while position + 12 <= len(data):
        size, name = struct.unpack_from(">I4s", data, position)
        if name in _PNG_PICTURE or (name == b"tRNS" and size in transparencies):
            bare.write(memoryview(data)[position : position + 12 + size])
        position += 12 + size
    bare.seek(0)
    return bare


def _flattened(image: Image.Image, wanted: tuple[int, int]) -> Image.Image:
    """RGB on white, shrunk by a whole factor while it is still larger than ``wanted``; strip by strip, since a copy of
    a large photo is what memory is too small for."""
    factor = max(1, min(image.width // max(1, wanted[0]), image.height // max(1, wanted[1])) // 2)
    result = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    rows = -(-_STRIP_ROWS // factor) * factor
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        result.paste(_rgb(strip).reduce(factor), (0, top // factor))
    return result


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode in _WIDE_MODES:
        # 16 bits to 8: Pillow's own conversions cut off instead.
        return image.convert("I").point(lambda level: level * (1 / 257)).convert("L").convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
