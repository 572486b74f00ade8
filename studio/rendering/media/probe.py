"""What a media file really is, and whether it may be uploaded: judged by content, in a process of its own."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from studio.rendering.media import sandbox
from studio.rendering.media.info import ANYTHING, LIMITS, MediaInfo, MediaLimits, Purpose

__all__ = ["LIMITS", "MediaInfo", "MediaLimits", "Purpose", "check_upload", "mime_type", "probe"]


def probe(path: Path) -> MediaInfo:
    """Look at a file of any accepted format; one frame is decoded. Raises MediaError and MediaBusy."""
    return _inspect(path, None, ANYTHING)


def check_upload(path: Path, *, kind: Purpose, limits: MediaLimits | None = None) -> MediaInfo:
    """Accept or refuse an upload by its content. ``kind`` says what it is for; ``limits`` defaults to ``LIMITS[kind]``.

    Raises MediaBusy, and MediaError with the code ``empty_file``, ``too_large``, ``not_media``, ``unsupported_type``,
    ``unsupported_codec``, ``truncated``, ``too_many_pixels``, ``too_long``, ``too_many_frames``, ``too_costly``,
    ``no_video_stream`` or ``no_audio_stream``.
    """
    return _inspect(path, kind, limits or LIMITS[kind])


def mime_type(path: Path) -> str | None:
    """The type of a file by its bytes, whether or not it can be played; None for what we don't read."""
    found: str | None = sandbox.ask("sniff", path=path)[0]["mime_type"]
    return found


def _inspect(path: Path, purpose: Purpose | None, limits: MediaLimits) -> MediaInfo:
    answer, _ = sandbox.ask("inspect", path=path, purpose=purpose, limits=asdict(limits))
    return MediaInfo.from_json(answer)
