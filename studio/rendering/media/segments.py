"""Encoded segments: closed groups of pictures that join into one MP4 without a second encoding."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import av.error
from av.packet import Packet
from av.video.stream import VideoStream

from studio.rendering.errors import RenderError
from studio.rendering.media import ffmpeg

_REORDER_FRAMES = 2
"""Decoding starts this many frames before presentation: the most that two B-frames with a pyramid need."""


def count_frames(path: Path) -> int:
    """How many pictures an encoded file holds; 0 if it can't be opened."""
    try:
        with closing(av.open(path)) as container:
            return sum(1 for packet in container.demux(video=0) if packet.size)
    except av.error.FFmpegError:
        return 0


def join(segments: Sequence[Path], destination: Path, fps: Fraction) -> int:
    """Copy the pictures of ``segments`` into one MP4 and return their number.

    Picture i is shown at exactly i/``fps``: times are counted, never summed. A segment that another encoder build or a
    GPU made carries its own parameter sets in band.
    """
    position = 0
    options = {
        "movflags": "+faststart",
        "fflags": "+bitexact",
        "movie_timescale": str(ffmpeg.timescale(fps)),
        "video_track_timescale": str(ffmpeg.timescale(fps)),
    }
    with closing(av.open(destination, "w", format="mp4", options=options)) as output:
        stream: VideoStream | None = None
        head = b""
        for segment in segments:
            with closing(av.open(segment)) as source:
                template = source.streams.video[0]
                extradata = template.codec_context.extradata or b""
                if stream is None:
                    stream, head = output.add_stream_from_template(template), extradata
                    stream.time_base = Fraction(1, fps.numerator)
                prefix = b"" if extradata == head else _parameter_sets(extradata)
                packets = (packet for packet in source.demux(template) if packet.size)
                count = 0
                for count, packet in enumerate(packets, start=1):
                    index = round(cast(int, packet.pts) * packet.time_base * fps)
                    if index < count - 1 - _REORDER_FRAMES:
                        raise RenderError("The encoded video is damaged.", code="media_failed")
                    if prefix and count == 1:
                        packet = _with_prefix(packet, prefix)
                    packet.stream = stream
                    packet.time_base = Fraction(1, fps.numerator)
                    packet.pts = (position + index) * fps.denominator
                    packet.dts = (position + count - 1 - _REORDER_FRAMES) * fps.denominator
                    packet.duration = fps.denominator
                    output.mux(packet)
                position += count
    return position


def _with_prefix(packet: Packet[VideoStream], prefix: bytes) -> Packet[Any]:
    longer: Packet[Any] = Packet(prefix + bytes(packet))
    longer.is_keyframe = packet.is_keyframe
    return longer


def _parameter_sets(extradata: bytes) -> bytes:
    """The SPS and PPS of an ``avcC`` box (ISO 14496-15, 5.3.3.1) as length-prefixed NAL units."""
    units = bytearray()
    position = 5
    for mask in (0x1F, 0xFF):
        number = extradata[position] & mask
        position += 1
        for _ in range(number):
            length = int.from_bytes(extradata[position : position + 2])
            units += length.to_bytes(4) + extradata[position + 2 : position + 2 + length]
            position += 2 + length
    return bytes(units)
