"""What is known of a media file, and the most that one may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Literal

from studio.rendering.media.sniff import Kind

Purpose = Literal["attachment", "soundtrack", "video"]

MIB = 1024 * 1024
MAX_VIDEO_PIXELS = 64_000_000
"""Pixels of one decoded video frame: above an 8K video, far below what exhausts a worker."""


@dataclass(frozen=True)
class MediaLimits:
    """The most an upload may be."""

    max_bytes: int
    max_pixels: int = 50_000_000
    """Pixels of one frame of a video or an animation, as coded."""
    max_still_pixels: int = 100_000_000
    """Pixels of a photo: it is decoded once and scaled on the way."""
    max_seconds: float = 3600.0
    max_frames: int = 250_000


LIMITS: dict[Purpose, MediaLimits] = {
    "attachment": MediaLimits(200 * MIB),
    "soundtrack": MediaLimits(50 * MIB),
    "video": MediaLimits(1024 * MIB),
}
ANYTHING = MediaLimits(1 << 62, MAX_VIDEO_PIXELS, max_seconds=1e12, max_frames=1 << 62)
"""For files that were accepted before."""


@dataclass(frozen=True)
class MediaInfo:
    """A media file as a viewer sees it."""

    kind: Kind
    container: str
    """``mp4 mov webm matroska ogg gif png jpeg webp mp3 aac wav``."""
    mime_type: str
    demuxer: str
    """The ffmpeg demuxer that reads it."""
    width: int = 0
    """Displayed pixels: rotation and sample aspect ratio applied."""
    height: int = 0
    rotation: int = 0
    """Degrees counter-clockwise that a player turns the coded picture: 0, 90, 180, 270. A still is turned already."""
    fps: Fraction | None = None
    """Frame rate, of a variable one the usual; None for stills and sound."""
    is_vfr: bool = False
    """The pictures don't come one every 1/``fps`` seconds."""
    duration: float = 0.0
    """Seconds, the last picture's own included: of the picture where there is one, else of the sound. 0 for a still."""
    frame_count: int = 0
    """Pictures, counted one by one, not what the container claims."""
    has_audio: bool = False
    has_alpha: bool = False
    video_codec: str | None = None
    audio_codec: str | None = None
    bit_depth: int = 8
    start: Fraction = Fraction(0)
    """When the first picture is shown, on the file's own clock, in seconds."""
    sound_offset: float = 0.0
    """Seconds of sound that come before the first picture."""
    is_hdr: bool = False
    is_interlaced: bool = False
    assume_bt709: bool = False
    """An untagged HD video: its colours are BT.709, though decoders guess BT.601."""
    picture_track: int = 0
    """Which of the file's video tracks is shown."""
    sound_track: int = 0
    """Which of the file's audio tracks is heard."""
    notes: tuple[str, ...] = ()
    """What of the file is left out, in words for its owner."""

    def frames_at(self, fps: Fraction) -> int:
        """How many frames the whole file gives at a constant ``fps``: at least 1."""
        if self.kind == "image":
            return 1
        if self.fps == fps and not self.is_vfr:
            return self.frame_count
        return max(1, round(self.duration * fps))

    def to_json(self) -> dict[str, object]:
        return {name: str(value) if isinstance(value, Fraction) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> MediaInfo:
        fps = data["fps"] and Fraction(data["fps"])
        return cls(**{**data, "fps": fps, "start": Fraction(data["start"]), "notes": tuple(data["notes"])})
