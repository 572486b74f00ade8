"""What a media file is and whether it is accepted. Runs in a helper process only: ``probe`` asks there."""

from __future__ import annotations

import math
import struct
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import cast

import av
import av.error
import av.logging
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from studio.rendering.errors import MediaError
from studio.rendering.media import stills
from studio.rendering.media.info import MIB, MediaInfo, MediaLimits, Purpose
from studio.rendering.media.sniff import Excessive, Signature, Unsupported, sniff
from studio.rendering.media.timing import pace_of

_HDR_TRANSFERS = {16, 18}
"""PQ (SMPTE 2084) and HLG (ARIB STD-B67), as ITU-T H.273 numbers them."""
_UNSPECIFIED = 2
_FIELDS = range(2, 6)
"""ffmpeg's field orders of interlaced pictures: TT, BB, TB, BT."""
_MOST_STRETCHED = 16
"""No camera's sample aspect ratio is further from square than this; a file that says so is wrong about it."""
_SOUND_TRIES = 100
"""Packets of sound that may fail to decode before the track counts as unreadable."""

_ACCEPTED: dict[Purpose, dict[str, str]] = {
    "attachment": {
        **{"webm": "WebM", "mp4": "MP4", "mov": "QuickTime", "ogg": "Ogg", "gif": "GIF"},
        **{"jpeg": "JPEG", "png": "PNG", "webp": "WebP"},
    },
    "soundtrack": {"mp3": "MP3", "aac": "AAC", "mp4": "AAC in MP4", "wav": "WAV"},
    "video": {"mp4": "MP4", "mov": "QuickTime", "webm": "WebM", "matroska": "Matroska"},
}

av.logging.set_level(None)


def inspect(path: Path, purpose: Purpose | None, limits: MediaLimits) -> MediaInfo:
    """Raises MediaError with the codes that ``probe.check_upload`` names."""
    size = path.stat().st_size
    if not size:
        raise MediaError("The file is empty.", code="empty_file")
    if size > limits.max_bytes:
        most = f"at most {limits.max_bytes / MIB:.0f} MB are accepted"
        raise MediaError(f"The file has {size / MIB:.0f} MB; {most}.", code="too_large")
    found = _accepted(path, purpose)
    _check_size(found.width, found.height, limits, is_still=found.kind == "image")
    _check_length(len(found.delays), sum(found.delays) / found.ticks, limits)
    info = _look(path, found, limits)
    if purpose == "soundtrack":
        if not info.has_audio:
            raise MediaError("The file has no sound.", code="no_audio_stream")
        if info.kind != "audio":
            raise MediaError(f"This is a video, not a sound file{_choices(purpose)}.", code="unsupported_type")
    elif purpose and info.kind == "audio":
        raise MediaError("The file has sound but no picture.", code="no_video_stream")
    return info


def _accepted(path: Path, purpose: Purpose | None) -> Signature:
    """What kind of file it is, if it is one that is taken."""
    try:
        found = signature(path)
    except Unsupported as error:
        raise MediaError(f"{error} files are not accepted{_choices(purpose)}.", code="unsupported_type") from None
    if found is None:
        raise MediaError(f"This is not a media file we can read{_choices(purpose)}.", code="not_media")
    if purpose and found.container not in _ACCEPTED[purpose]:
        raise MediaError(f"{found.mime_type} files are not accepted here{_choices(purpose)}.", code="unsupported_type")
    if found.truncated:
        raise _truncated()
    return found


def signature(path: Path) -> Signature | None:
    """``sniff`` with words for what it can't read. Raises Unsupported and MediaError."""
    try:
        return sniff(path)
    except Excessive:
        message = "The file is made of more blocks than any media file has: it is damaged or made to take long."
        raise MediaError(message, code="too_costly") from None
    except (struct.error, IndexError):
        raise _truncated() from None


def _choices(purpose: Purpose | None) -> str:
    return f" (accepted: {', '.join(_ACCEPTED[purpose].values())})" if purpose else ""


def _truncated() -> MediaError:
    return MediaError("The file is incomplete: its end is missing. Upload it again.", code="truncated")


def _damaged() -> MediaError:
    return MediaError("The file is damaged and can't be played.", code="not_media")


def _check_size(width: int, height: int, limits: MediaLimits, *, is_still: bool = False) -> None:
    most = limits.max_still_pixels if is_still else limits.max_pixels
    if width * height > most:
        raise MediaError(
            f"The picture has {width}x{height} pixels; at most {most / 1e6:g} megapixels are accepted.",
            code="too_many_pixels",
        )


def _check_length(frames: int, seconds: float, limits: MediaLimits) -> None:
    if seconds > limits.max_seconds:
        most = f"at most {limits.max_seconds:.0f} s are accepted"
        raise MediaError(f"The file lasts {seconds:.0f} s; {most}.", code="too_long")
    if frames > limits.max_frames:
        raise MediaError(f"The file has more than {limits.max_frames} frames.", code="too_many_frames")


def _look(path: Path, found: Signature, limits: MediaLimits) -> MediaInfo:
    info = MediaInfo(found.kind, found.container, found.mime_type, found.demuxer)
    if found.kind == "image" or found.demuxer == "webp_anim":
        # PyAV's libraries can't read animated WebP; Pillow shows its first picture as it shows a still.
        picture = stills.look(path, limits.max_still_pixels)
        info = replace(
            info,
            width=picture.width,
            height=picture.height,
            has_alpha=found.has_alpha or picture.has_alpha,
            bit_depth=picture.bit_depth,
            video_codec={"jpeg": "mjpeg"}.get(found.container, found.container),
            frame_count=1,
        )
        return info if found.kind == "image" else _animated(info, found)
    try:
        return _demux(path, info, found, limits)
    except av.error.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise MemoryError from error
        raise _damaged() from error


def _animated(info: MediaInfo, found: Signature) -> MediaInfo:
    """The file's own delays tell the timing, of the last picture too; demuxers leave that out or count comments."""
    pace = pace_of(found.delays[:-1], found.delays[-1], Fraction(1, found.ticks))
    return replace(info, fps=pace.fps, is_vfr=pace.is_vfr, duration=pace.seconds, frame_count=len(found.delays))


@dataclass
class _Tracks:
    """The tracks that are shown and heard, and whether there are others that no decoder reads."""

    video: VideoStream | None
    sound: AudioStream | None
    video_index: int
    sound_index: int
    unread_video: bool
    unread_sound: bool


def _tracks(container: InputContainer) -> _Tracks:
    pictures = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    # A track has no codec context when no decoder is known for it.
    video = next((s for s in pictures if s.codec_context is not None), None)
    sound = next((s for s in container.streams.audio if s.codec_context is not None), None)
    return _Tracks(
        video,
        sound,
        next((i for i, s in enumerate(container.streams.video) if s is video), 0),
        next((i for i, s in enumerate(container.streams.audio) if s is sound), 0),
        unread_video=video is None and bool(pictures),
        unread_sound=sound is None and bool(container.streams.audio),
    )


def _demux(path: Path, info: MediaInfo, found: Signature, limits: MediaLimits) -> MediaInfo:
    # max_pixels also holds for the frames that opening a container decodes to learn its pixel format.
    options = {"max_pixels": str(limits.max_pixels), "threads": "1", "protocol_whitelist": "file"}
    opened = av.open(f"file:{path.absolute()}", format=found.demuxer, options=options, metadata_errors="replace")
    with closing(opened) as container:
        tracks = _tracks(container)
        if tracks.unread_video:
            message = "The picture is in a format (codec) that we can't read; convert the file to H.264 in MP4."
            raise MediaError(message, code="unsupported_codec")
        if container.duration:
            _check_length(0, container.duration / av.time_base, limits)
        if tracks.video is not None:
            _check_size(tracks.video.codec_context.width, tracks.video.codec_context.height, limits)
            _check_length(tracks.video.frames, 0, limits)
            tracks.video.codec_context.options = options
            return _picture(container, tracks, info, found, limits)
        if tracks.sound is not None:
            return _sound(container, tracks.sound, info, limits)
        if tracks.unread_sound:
            message = "The sound is in a format (codec) that we can't read; convert it to AAC or MP3."
            raise MediaError(message, code="unsupported_codec")
    raise MediaError("The file has neither picture nor sound.", code="no_video_stream")


def _picture(
    container: InputContainer, tracks: _Tracks, info: MediaInfo, found: Signature, limits: MediaLimits
) -> MediaInfo:
    """Demux to the end for exact timing; decode only until the first frame and the first sound come out."""
    stream = tracks.video
    assert stream is not None
    frame: VideoFrame | None = None
    stamps: list[int] = []
    newest, last_duration, tick = -math.inf, 0, float(stream.time_base or 1)
    sound = _SoundCheck(tracks.sound)
    hidden = False
    for packet in container.demux([s for s in (stream, tracks.sound) if s is not None]):
        if packet.stream.index != stream.index:
            sound.hear(packet)
            continue
        if packet.is_corrupt:
            raise _truncated()
        if frame is None:
            frame = cast("VideoFrame | None", next(iter(packet.decode()), None))
        hidden = hidden or packet.is_discard
        if packet.size and packet.pts is not None and not packet.is_discard:
            stamps.append(packet.pts)
            if packet.pts >= newest:
                newest, last_duration = packet.pts, packet.duration or 0
            _check_length(len(stamps), (packet.pts - stamps[0]) * tick, limits)
        if frame is not None and found.kind == "animation":
            break
    if frame is None or not stamps:
        raise _without_pictures(hidden=hidden and not stamps, damaged=bool(stamps))
    info = replace(_looks(frame, stream, info, found), picture_track=tracks.video_index)
    _check_size(info.width, info.height, limits)
    info = _with_sound(info, tracks, sound)
    if found.kind == "animation":
        return _animated(info, found)
    stamps.sort()
    tick_exact = stream.time_base or Fraction(1)
    declared = stream.average_rate or stream.guessed_rate
    pace = pace_of([b - a for a, b in pairwise(stamps)], last_duration, tick_exact, declared)
    _check_length(0, pace.seconds, limits)
    begin = Fraction(stamps[0]) * tick_exact
    return replace(
        info,
        fps=pace.fps,
        is_vfr=pace.is_vfr,
        duration=pace.seconds,
        frame_count=len(stamps),
        start=begin,
        sound_offset=max(0.0, float(begin) - (container.start_time or 0) / av.time_base),
    )


def _with_sound(info: MediaInfo, tracks: _Tracks, sound: _SoundCheck) -> MediaInfo:
    if sound.is_heard:
        codec = tracks.sound.codec_context.codec.canonical_name if tracks.sound else None
        return replace(info, has_audio=True, audio_codec=codec, sound_track=tracks.sound_index)
    if sound.is_unreadable or tracks.unread_sound:
        return replace(info, notes=("The file's sound can't be read: it is left out.",))
    return info


def _without_pictures(*, hidden: bool, damaged: bool) -> MediaError:
    """Why a picture track shows nothing."""
    if damaged:
        return _damaged()
    if hidden:
        message = "The file says of all its pictures that they are not to be shown (edit list): export it anew."
        return MediaError(message, code="no_video_stream")
    message = "The file holds no pictures: nothing was recorded, or its end is missing."
    return MediaError(message, code="truncated")


class _SoundCheck:
    """Whether a sound track that comes with a picture can be decoded."""

    def __init__(self, stream: AudioStream | None) -> None:
        self._tries = 0 if stream is None else _SOUND_TRIES
        self._exists = stream is not None
        self.is_heard = False

    @property
    def is_unreadable(self) -> bool:
        return self._exists and not self.is_heard and self._tries < _SOUND_TRIES

    def hear(self, packet: av.Packet[Stream]) -> None:
        if self.is_heard or not self._tries:
            return
        self._tries -= 1
        try:
            self.is_heard = any(True for _ in packet.decode())
        except av.error.FFmpegError as error:
            if isinstance(error, MemoryError):
                raise


def _looks(frame: VideoFrame, stream: VideoStream, info: MediaInfo, found: Signature) -> MediaInfo:
    components = frame.format.components
    rotation = round(frame.rotation / 90) % 4 * 90
    aspect = stream.sample_aspect_ratio or Fraction(1)
    if not Fraction(1, _MOST_STRETCHED) <= aspect <= _MOST_STRETCHED:
        aspect = Fraction(1)
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
        is_interlaced=is_video and (frame.interlaced_frame or stream.codec_context.field_order in _FIELDS),
        assume_bt709=frame.colorspace == _UNSPECIFIED and frame.height >= 720 and frame.format.name.startswith("yuv"),
    )


def _sound(container: InputContainer, stream: AudioStream, info: MediaInfo, limits: MediaLimits) -> MediaInfo:
    decoded, seconds = False, 0.0
    for packet in container.demux(stream):
        decoded = decoded or any(True for _ in packet.decode())
        if packet.size and packet.duration and stream.time_base:
            seconds += float(packet.duration * stream.time_base)
            _check_length(0, seconds, limits)
    if not decoded:
        raise _damaged()
    return replace(
        info,
        kind="audio",
        mime_type=info.mime_type.replace("video/", "audio/"),
        duration=seconds,
        has_audio=True,
        audio_codec=stream.codec_context.codec.canonical_name,
        sound_track=next(i for i, s in enumerate(container.streams.audio) if s is stream),
    )
