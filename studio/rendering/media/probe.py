"""What a media file really is, and whether it may be uploaded: judged by content, before anything large is decoded."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Literal

import av
import av.error
import av.logging
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from studio.rendering.errors import MediaError
from studio.rendering.media import ffmpeg
from studio.rendering.media.sniff import Kind, Signature, Unsupported, sniff

Purpose = Literal["attachment", "soundtrack", "video"]

_MIB = 1024 * 1024
_MAX_FPS = 240
_HDR_TRANSFERS = {16, 18}
"""PQ (SMPTE 2084) and HLG (ARIB STD-B67), as ITU-T H.273 numbers them."""
_UNSPECIFIED = 2
_STANDARD_RATES = tuple(Fraction(n) for n in (10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120)) + tuple(
    Fraction(n * 1000, 1001) for n in (24, 30, 60, 120)
)

av.logging.set_level(None)


@dataclass(frozen=True)
class MediaLimits:
    """The most an upload may be."""

    max_bytes: int
    max_pixels: int = 50_000_000
    """Pixels of one frame, as coded."""
    max_seconds: float = 3600.0
    max_frames: int = 250_000


LIMITS: dict[Purpose, MediaLimits] = {
    "attachment": MediaLimits(200 * _MIB),
    "soundtrack": MediaLimits(50 * _MIB),
    "video": MediaLimits(1024 * _MIB),
}

_ACCEPTED: dict[Purpose, dict[str, str]] = {
    "attachment": {
        **{"webm": "WebM", "mp4": "MP4", "mov": "QuickTime", "ogg": "Ogg", "gif": "GIF"},
        **{"jpeg": "JPEG", "png": "PNG", "webp": "WebP"},
    },
    "soundtrack": {"mp3": "MP3", "aac": "AAC", "mp4": "AAC in MP4", "wav": "WAV"},
    "video": {"mp4": "MP4", "mov": "QuickTime", "webm": "WebM", "matroska": "Matroska"},
}


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
    """Degrees counter-clockwise that a player turns the coded picture: 0, 90, 180, 270."""
    fps: Fraction | None = None
    """Frame rate, of a variable one the usual; None for stills and sound."""
    is_vfr: bool = False
    duration: float = 0.0
    """Seconds: of the picture where there is one, else of the sound. 0 for a still."""
    frame_count: int = 0
    """Counted packet by packet, not what the container claims."""
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
    assume_bt709: bool = False
    """An untagged HD video: its colours are BT.709, though decoders guess BT.601."""

    def frames_at(self, fps: Fraction) -> int:
        """How many frames the whole file gives at a constant ``fps``: at least 1."""
        if self.kind == "image":
            return 1
        if self.fps == fps and not self.is_vfr:
            return self.frame_count
        return max(1, round(self.duration * fps))


def probe(path: Path) -> MediaInfo:
    """Look at a file of any accepted format; one frame is decoded. Raises MediaError."""
    return _inspect(path, None, MediaLimits(1 << 62, ffmpeg.MAX_PIXELS, float("inf"), 1 << 62))


def check_upload(path: Path, *, kind: Purpose, limits: MediaLimits | None = None) -> MediaInfo:
    """Accept or refuse an upload by its content. ``kind`` says what it is for; ``limits`` defaults to ``LIMITS[kind]``.

    Raises MediaError with the code ``empty_file``, ``too_large``, ``not_media``, ``unsupported_type``, ``truncated``,
    ``too_many_pixels``, ``too_long``, ``too_many_frames``, ``no_video_stream`` or ``no_audio_stream``.
    """
    return _inspect(path, kind, limits or LIMITS[kind])


def _inspect(path: Path, purpose: Purpose | None, limits: MediaLimits) -> MediaInfo:
    size = path.stat().st_size
    if not size:
        raise MediaError("The file is empty.", code="empty_file")
    if size > limits.max_bytes:
        most = f"at most {limits.max_bytes / _MIB:.0f} MB are accepted"
        raise MediaError(f"The file has {size / _MIB:.0f} MB; {most}.", code="too_large")
    try:
        found = sniff(path)
    except Unsupported as error:
        raise MediaError(f"{error} files are not accepted{_choices(purpose)}.", code="unsupported_type") from None
    if found is None:
        raise MediaError(f"This is not a media file we can read{_choices(purpose)}.", code="not_media")
    if purpose and found.container not in _ACCEPTED[purpose]:
        raise MediaError(f"{found.mime_type} files are not accepted here{_choices(purpose)}.", code="unsupported_type")
    if found.truncated:
        raise _truncated()
    _check_size(found.width, found.height, limits)
    _check_length(found.frames, found.seconds, limits)
    try:
        info = _demux(path, found, limits)
    except (av.error.FFmpegError, ValueError, UnicodeDecodeError) as error:
        raise MediaError("The file is damaged and can't be played.", code="not_media") from error
    if purpose == "soundtrack":
        if not info.has_audio:
            raise MediaError("The file has no sound.", code="no_audio_stream")
        if info.kind != "audio":
            raise MediaError(f"This is a video, not a sound file{_choices(purpose)}.", code="unsupported_type")
    elif purpose and info.kind == "audio":
        raise MediaError("The file has sound but no picture.", code="no_video_stream")
    return info


def _choices(purpose: Purpose | None) -> str:
    return f" (accepted: {', '.join(_ACCEPTED[purpose].values())})" if purpose else ""


def _truncated() -> MediaError:
    return MediaError("The file is incomplete: its end is missing. Upload it again.", code="truncated")


def _check_size(width: int, height: int, limits: MediaLimits) -> None:
    if width * height > limits.max_pixels:
        raise MediaError(
            f"The picture has {width}x{height} pixels; at most {limits.max_pixels / 1e6:g} megapixels are accepted.",
            code="too_many_pixels",
        )


def _check_length(frames: int, seconds: float, limits: MediaLimits) -> None:
    if seconds > limits.max_seconds:
        most = f"at most {limits.max_seconds:.0f} s are accepted"
        raise MediaError(f"The file lasts {seconds:.0f} s; {most}.", code="too_long")
    if frames > limits.max_frames:
        raise MediaError(f"The file has more than {limits.max_frames} frames.", code="too_many_frames")


def _demux(path: Path, found: Signature, limits: MediaLimits) -> MediaInfo:
    info = MediaInfo(found.kind, found.container, found.mime_type, found.demuxer)
    if found.demuxer == "webp_anim":
        return _animated_webp(path, found, info)
    # max_pixels also holds for the frames that opening a container decodes to learn its pixel format.
    options = {"max_pixels": str(limits.max_pixels), "threads": "1", "protocol_whitelist": "file"}
    with closing(av.open(f"file:{path.absolute()}", format=found.demuxer, options=options)) as container:
        sound = next(iter(container.streams.audio), None)
        if sound is not None:
            info = replace(info, has_audio=True, audio_codec=sound.codec_context.codec.canonical_name)
        if container.duration and found.kind != "image":
            _check_length(0, container.duration / av.time_base, limits)
        video = next((s for s in container.streams.video if not s.disposition & Disposition.attached_pic), None)
        if video is not None:
            _check_size(video.codec_context.width, video.codec_context.height, limits)
            _check_length(video.frames, 0, limits)
            video.codec_context.options = options
            return _picture(container, video, info, found, limits)
        if sound is not None:
            return _sound(container, sound, info, limits)
    raise MediaError("The file has neither picture nor sound.", code="no_video_stream")


def _picture(
    container: InputContainer, stream: VideoStream, info: MediaInfo, found: Signature, limits: MediaLimits
) -> MediaInfo:
    """Demux to the end for exact timing; decode only until the first frame comes out."""
    frame: VideoFrame | None = None
    stamps: list[int] = []
    newest, last_duration, tick = -math.inf, 0, float(stream.time_base or 1)
    for packet in container.demux(stream):
        if packet.is_corrupt:
            raise _truncated()
        if frame is None:
            frame = next(iter(packet.decode()), None)
        if packet.size and packet.pts is not None and not packet.is_discard:
            stamps.append(packet.pts)
            if packet.pts >= newest:
                newest, last_duration = packet.pts, packet.duration or 0
            _check_length(len(stamps), (packet.pts - stamps[0]) * tick, limits)
    if frame is None or not stamps:
        raise _truncated()
    info = _looks(frame, stream, info, found)
    if info.kind == "image":
        return replace(info, frame_count=1)
    return _timing(sorted(stamps), last_duration, container, stream, info)


def _looks(frame: VideoFrame, stream: VideoStream, info: MediaInfo, found: Signature) -> MediaInfo:
    components = frame.format.components
    rotation = round(frame.rotation / 90) % 4 * 90
    aspect = stream.sample_aspect_ratio or Fraction(1)
    size = (max(1, round(frame.width * aspect)), frame.height)
    width, height = size if rotation % 180 == 0 else size[::-1]
    is_video = found.kind == "video"
    # A GIF always decodes to RGBA; whether it has a transparent pixel stands in its own header.
    has_alpha = found.has_alpha or (
        is_video and (any(c.is_alpha for c in components) or stream.metadata.get("alpha_mode") == "1")
    )
    return replace(
        info,
        width=width,
        height=height,
        rotation=rotation,
        has_alpha=has_alpha,
        video_codec=stream.codec_context.codec.canonical_name,
        bit_depth=max(c.bits for c in components),
        is_hdr=frame.color_trc in _HDR_TRANSFERS,
        assume_bt709=frame.colorspace == _UNSPECIFIED and frame.height >= 720 and frame.format.name.startswith("yuv"),
    )


def _timing(
    stamps: list[int], last_duration: int, container: InputContainer, stream: VideoStream, info: MediaInfo
) -> MediaInfo:
    tick = stream.time_base or Fraction(1)
    steps = sorted(b - a for a, b in pairwise(stamps))
    usual = steps[len(steps) // 2] if steps else last_duration
    span = stamps[-1] - stamps[0] + (last_duration or usual)
    # Containers that count milliseconds turn a constant 30 fps into steps of 33 and 34: that is not a variable rate.
    is_vfr = bool(steps) and steps[-1] - steps[0] > max(2, usual / 5)
    declared = stream.average_rate or stream.guessed_rate
    if usual and steps:
        # A variable rate is named by its usual step: frames that a phone dropped don't make it a slower video.
        measured = 1 / (usual * tick) if is_vfr else len(stamps) / (span * tick)
        tolerance = Fraction(1, 50) if is_vfr else max(Fraction(2, span), Fraction(1, 5000))
        candidates = sorted(_STANDARD_RATES, key=lambda rate: abs(rate - measured))
        if declared and not is_vfr:
            candidates.insert(0, declared)
        fps = next((r for r in candidates if abs(r / measured - 1) <= tolerance), measured.limit_denominator(1001))
    else:
        fps = declared or Fraction(25)
    begin = Fraction(stamps[0]) * tick
    return replace(
        info,
        fps=min(max(fps, Fraction(1)), Fraction(_MAX_FPS)),
        is_vfr=is_vfr,
        duration=float(span * tick) or float(1 / fps),
        frame_count=len(stamps),
        start=begin,
        sound_offset=max(0.0, float(begin) - (container.start_time or 0) / av.time_base),
    )


def _sound(container: InputContainer, stream: AudioStream, info: MediaInfo, limits: MediaLimits) -> MediaInfo:
    decoded, seconds = False, 0.0
    for packet in container.demux(stream):
        decoded = decoded or any(True for _ in packet.decode())
        if packet.size and packet.duration and stream.time_base:
            seconds += float(packet.duration * stream.time_base)
            _check_length(0, seconds, limits)
    if not decoded:
        raise MediaError("The file is damaged and can't be played.", code="not_media")
    return replace(info, kind="audio", mime_type=info.mime_type.replace("video/", "audio/"), duration=seconds)


def _animated_webp(path: Path, found: Signature, info: MediaInfo) -> MediaInfo:
    """The libraries PyAV carries can't read animated WebP; the ffmpeg binary can, and the header has the timing."""
    fps = Fraction(found.frames) / Fraction(found.seconds or found.frames / 10).limit_denominator(1000)
    first = ffmpeg.Decoding(found.demuxer, 16, 16, fps, start_frame=0, count=1, seekable=False)
    try:
        ffmpeg.capture(ffmpeg.decode(path, first))
    except ffmpeg.FfmpegError as error:
        raise MediaError("The file is damaged and can't be played.", code="not_media") from error
    return replace(
        info,
        width=found.width,
        height=found.height,
        fps=min(max(fps.limit_denominator(1001), Fraction(1)), Fraction(_MAX_FPS)),
        is_vfr=True,
        duration=found.seconds or found.frames / 10,
        frame_count=found.frames,
        has_alpha=found.has_alpha,
        video_codec="webp",
    )
