"""The one module that knows ffmpeg's command line, and why each odd option is there.

Commands are built by ffmpeg-python and started without a shell. Every input names its demuxer and is limited to the
``file`` and ``pipe`` protocols, so no upload can make ffmpeg read another file or reach the network; paths carry the
``file:`` prefix, so a name that starts with ``-`` or contains ``:`` stays a name.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import ffmpeg
import imageio_ffmpeg
from ffmpeg.nodes import Stream

from studio.rendering.media.child import Child, FfmpegError
from studio.rendering.media.info import MAX_VIDEO_PIXELS

_SAMPLE_RATE = 48_000
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""ffmpeg's own decoders of these drop the alpha plane of a WebM."""
_RACY_DECODERS = {"theora"}
"""Measured: with frame threads the pictures differ from run to run, now and then."""


@dataclass
class _Settings:
    binary: str | None = None
    use_nvenc: bool = False
    idle_seconds: float = 60.0


_settings = _Settings()


def configure(*, binary: str | None, use_nvenc: bool = False, idle_seconds: float = 60.0) -> None:
    """Use this ffmpeg from now on; None goes back to the one that ``imageio-ffmpeg`` carries.

    ``use_nvenc`` lets the GPU encode where it can: faster, but the file's bytes then depend on the driver. A process
    that somebody waits for is killed when it got no processor time for ``idle_seconds``.
    """
    _settings.binary, _settings.use_nvenc, _settings.idle_seconds = binary or None, use_nvenc, idle_seconds
    _nvenc_works.cache_clear()


def binary() -> str:
    """Path or name of the ffmpeg in use."""
    return _settings.binary or imageio_ffmpeg.get_ffmpeg_exe()


def encoder() -> str:
    """The H.264 encoder for finished frames."""
    return "h264_nvenc" if _settings.use_nvenc and _nvenc_works() else "libx264"


class Process(Child):
    """A running ffmpeg."""

    def __init__(self, stream: Stream, *, stdin: bool = False, stdout: bool = False) -> None:
        quiet = stream.global_args("-nostdin", "-hide_banner", "-loglevel", "error", "-y")
        command = ffmpeg.compile(quiet, cmd=binary())
        super().__init__(command, stdin=stdin, stdout=stdout, idle_seconds=_settings.idle_seconds)


def run(stream: Stream, message: str = "The video could not be processed.") -> None:
    """Run to the end; raises :class:`FfmpegError`."""
    with Process(stream) as process:
        process.wait(message)


def source(path: Path, demuxer: str, **options: object) -> Stream:
    """An input file read by ``demuxer`` only."""
    return ffmpeg.input(f"file:{path.absolute()}", f=demuxer, protocol_whitelist="file,pipe", **options)


@dataclass(frozen=True)
class RawFrames:
    """Raw RGB frames, one after the other in a file or, if ``path`` is None, on stdin."""

    path: Path | None
    width: int
    height: int
    fps: Fraction

    def open(self) -> Stream:
        """The frames as an input."""
        location = f"file:{self.path.absolute()}" if self.path else "pipe:"
        return ffmpeg.input(
            location,
            protocol_whitelist="file,pipe",
            f="rawvideo",
            pix_fmt="rgb24",
            s=f"{self.width}x{self.height}",
            r=rate(self.fps),
        )


def target(stream: Stream, path: Path, **options: object) -> Stream:
    """An output file. ``bitexact`` keeps version strings and dates out, so the same frames give the same bytes."""
    streams = stream if isinstance(stream, list) else [stream]
    return ffmpeg.output(*streams, f"file:{path.absolute()}", fflags="+bitexact", **options)


def rate(fps: Fraction) -> str:
    """``30000/1001``: ffmpeg reads rationals exactly, floats not."""
    return f"{fps.numerator}/{fps.denominator}"


def timescale(fps: Fraction) -> int:
    """Ticks per second of an MP4 that hold a frame exactly; edit lists count in them, where 1/1000 s would round."""
    return fps.numerator * -(-10_000 // fps.numerator)


@dataclass(frozen=True)
class Decoding:
    """How a source becomes frames of one size at one rate; see :func:`decode`."""

    demuxer: str
    width: int
    height: int
    fps: Fraction
    start_frame: int
    count: int
    start_time: Fraction = Fraction(0)
    has_alpha: bool = False
    codec: str | None = None
    seekable: bool = True
    hdr: bool = False
    interlaced: bool = False
    assume_bt709: bool = False
    track: int = 0
    """Which of the file's video tracks."""


def decode(path: Path, how: Decoding) -> Stream:
    """``how.count`` raw RGB frames on ``pipe:``, the first being frame ``how.start_frame``.

    Frame i is the picture shown at i/fps after the first one (nearest timestamp); after the last one it is held.
    """
    frames = _frames(path, how)
    return frames.output(
        "pipe:",
        f="rawvideo",
        pix_fmt="rgb24",
        # The filters made the constant rate; the muxer must not duplicate or drop on top.
        fps_mode="passthrough",
        **{"frames:v": how.count},
    ).global_args("-copyts")


def animate(path: Path, destination: Path, how: Decoding) -> Stream:
    """The same frames as an endless animated WebP."""
    frames = _frames(path, how).filter("setpts", "PTS-STARTPTS")
    options = {"vcodec": "libwebp_anim", "quality": 60, "compression_level": 3, "loop": 0, "frames:v": how.count}
    return target(frames, destination, f="webp", pix_fmt="yuv420p", **options)


def _frames(path: Path, how: Decoding) -> Stream:
    options: dict[str, object] = {"max_pixels": MAX_VIDEO_PIXELS}
    seconds = how.start_frame / how.fps + how.start_time - 1
    if how.seekable and seconds > 0:
        # Land on the key frame a second or more before the wanted frame. The filters below count on the file's own
        # clock (-copyts), so where the seek really lands can't shift a single frame.
        options |= {"ss": f"{float(seconds):.6f}", "noaccurate_seek": None}
    if how.has_alpha and how.codec in _ALPHA_DECODERS:
        options["c:v"] = _ALPHA_DECODERS[how.codec]
    if how.codec in _RACY_DECODERS:
        options["threads"] = 1
    video = source(path, how.demuxer, **options)[f"v:{how.track}"]
    if how.interlaced:
        # Only frames that are flagged; a frame for a frame, so that rate and count stay.
        video = video.filter("bwdif", mode="send_frame", parity="auto", deint="interlaced")
    if how.start_time:
        video = video.filter("setpts", f"PTS-round({float(how.start_time):.9f}/TB)")
    video = video.filter("fps", fps=rate(how.fps), start_time=0, eof_action="pass")
    # Hold the last picture, so the count is exact whatever the container claimed, and a still lasts as long as asked.
    video = video.filter("tpad", stop=-1, stop_mode="clone").filter("trim", start_pts=how.start_frame)
    if how.hdr:
        video = video.filter("zscale", t="linear", npl=100).filter("format", "gbrpf32le").filter("zscale", p="bt709")
        video = video.filter("tonemap", "hable", desat=0).filter("zscale", t="bt709", m="bt709", r="tv")
        video = video.filter("format", "yuv420p")
    if how.has_alpha:
        # White minus premultiplied negative: flattens on white, before scaling so that no edge gets a fringe.
        video = video.filter("format", "gbrap").filter("negate").filter("premultiply", inplace=1).filter("negate")
        video = video.filter("format", "gbrp")
    matrix = {"in_color_matrix": "bt709"} if how.assume_bt709 else {}
    return video.filter("scale", how.width, how.height, flags="lanczos+accurate_rnd+full_chroma_int", **matrix)


def encode_h264(frames: RawFrames, destination: Path, *, encoder: str = "libx264") -> Stream:
    """Encode raw frames as one closed group of pictures: H.264 4:2:0, the same bytes for the same frames."""
    if encoder == "h264_nvenc":
        options: dict[str, object] = {"preset": "p5", "rc": "constqp", "qp": 19, "bf": 2}
    else:
        options = {
            "preset": "veryfast",
            "crf": 18,
            # x264's result depends on the number of threads; one also leaves the other cores to the model.
            "threads": 1,
            # Segments start with a key frame of their own; none inside may refer across, none is cut at a scene change.
            "x264-params": "open-gop=0:scenecut=0:bframes=2",
        }
    video = frames.open().filter(
        "scale", out_color_matrix="bt709", out_range="tv", flags="lanczos+accurate_rnd+full_chroma_int"
    )
    return target(
        video,
        destination,
        f="mp4",
        vcodec=encoder,
        pix_fmt="yuv420p",
        g=100_000,
        fps_mode="passthrough",
        colorspace="bt709",
        color_primaries="bt709",
        color_trc="bt709",
        color_range="tv",
        # The SEI with x264's build and settings: not the viewer's business, and not constant over updates.
        **{"flags:v": "+bitexact", "bsf:v": "filter_units=remove_types=6"},
        **options,
    )


def fit_sound(path: Path, demuxer: str, *, offset: float, duration: Fraction, track: int = 0) -> Stream:
    """A track from second ``offset`` on (silence before 0), padded or cut to exactly ``duration`` seconds of stereo."""
    # aresample fills the gaps that a late start or a dropped packet leaves, so sound and picture stay together.
    sound = source(path, demuxer)[f"a:{track}"].filter("aresample", _SAMPLE_RATE, **{"async": 1, "first_pts": 0})
    sound = sound.filter("aformat", sample_fmts="fltp", channel_layouts="stereo")
    if offset > 0:
        sound = sound.filter("atrim", start=f"{offset:.6f}").filter("asetpts", "PTS-STARTPTS")
    elif offset < 0:
        sound = sound.filter("adelay", f"{-offset * 1000:.3f}", all=1)
    return sound.filter("apad").filter("atrim", end_sample=round(duration * _SAMPLE_RATE))


def mux(video: Path, sound: Stream, destination: Path, fps: Fraction) -> Stream:
    """The picture of an MP4 as it is, with ``sound`` as AAC; the index first, so a browser plays while loading."""
    options: dict[str, object] = {"acodec": "aac", "b:a": "160k", "flags:a": "+bitexact"}
    streams = [source(video, "mov").video, sound]
    return target(
        streams, destination, f="mp4", vcodec="copy", movflags="+faststart", movie_timescale=timescale(fps), **options
    )


def encode_sound(wav: Path, destination: Path) -> Stream:
    """A WAV as MP3 or AAC, by the suffix of ``destination``."""
    codec, muxer = {".mp3": ("libmp3lame", "mp3"), ".aac": ("aac", "adts")}[destination.suffix]
    return target(
        source(wav, "wav").audio, destination, f=muxer, acodec=codec, **{"b:a": "128k", "flags:a": "+bitexact"}
    )


def pack_lossless(frames: RawFrames, destination: Path) -> Stream:
    """Raw RGB frames as FFV1, bit for bit, at about a third of the size."""
    return target(
        frames.open(), destination, f="matroska", vcodec="ffv1", level=3, pix_fmt="gbrp", fps_mode="passthrough"
    )


def unpack_lossless(packed: Path, destination: Path) -> Stream:
    """The raw RGB frames of :func:`pack_lossless`."""
    frames = source(packed, "matroska")
    return target(frames, destination, f="rawvideo", pix_fmt="rgb24", fps_mode="passthrough")


@functools.cache
def _nvenc_works() -> bool:
    """Whether this machine's NVENC encodes a frame: compute GPUs such as H100 have none, so only a try can tell."""
    black = ffmpeg.input("color=black:s=256x256:r=1:d=1", f="lavfi")
    try:
        run(black.output("pipe:", f="null", vcodec="h264_nvenc", **{"frames:v": 1}))
    except (FfmpegError, OSError):
        return False
    return True
