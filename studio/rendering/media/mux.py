"""Picture and sound in one file that a browser plays."""

from __future__ import annotations

import shutil
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
import av.error

from studio.rendering.errors import MediaError, RenderError
from studio.rendering.media import durable, ffmpeg
from studio.rendering.media.probe import probe


def mux(video: Path, audio: Path | None, destination: Path, duration: Fraction, *, offset: float = 0.0) -> Path:
    """Copy the picture of ``video`` (MP4) and add the sound of ``audio`` as stereo AAC, exactly ``duration`` seconds.

    ``offset`` is the second of ``audio`` that is heard with the first frame (a trim point; negative starts with
    silence). Sound that ends early is padded with silence, sound that goes on is cut: the picture is never shortened.
    Raises MediaError if ``audio`` has no sound.
    """
    part = destination.with_name(destination.name + ".part")
    if audio is None:
        # The sink's files are as they should be: nothing to do for a process.
        shutil.copyfile(video, part)
        return durable.publish(part, destination)
    info, fps = probe(audio), probe(video).fps
    assert fps
    if not info.has_audio:
        raise MediaError("The file has no sound.", code="no_audio_stream")
    sound = ffmpeg.fit_sound(audio, info.demuxer, offset=offset, duration=duration, track=info.sound_track)
    ffmpeg.run(ffmpeg.mux(video, sound, part, fps))
    return durable.publish(part, destination)


def verify(video: Path, *, frames: int, fps: Fraction) -> None:
    """Decode a finished video end to end. Raises RenderError unless it shows ``frames`` frames, each at i/``fps``."""
    try:
        with closing(av.open(video)) as container:
            tick = container.streams.video[0].time_base or Fraction(1)
            times = [(frame.pts or 0) * tick for frame in container.decode(video=0)]
    except av.error.FFmpegError as error:
        raise _broken() from error
    if times != [i / fps for i in range(frames)]:
        raise _broken()


def _broken() -> RenderError:
    return RenderError("The finished video is damaged; render it again.", code="media_failed")
