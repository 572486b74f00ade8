"""Files that are made to hurt cost a helper at most, and get a refusal with its reason in bounded time and memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import psutil
import pytest

from studio.rendering.errors import MediaBusy, MediaError
from studio.rendering.media import sandbox
from studio.rendering.media.decode import FrameReader
from studio.rendering.media.probe import MediaLimits, check_upload, mime_type, probe
from studio.rendering.media.tests.bombs import BOMBS, many_samples_mp4, write_bomb
from studio.rendering.media.tests.clips import index_of, run_ffmpeg, write_numbered
from studio.rendering.media.tests.mutations import H264, look_at_mutations
from tests.waiting import until

FILES = Path(__file__).parent / "files"
VERDICTS = {
    "samples.mp4": "too_many_frames",
    "text.png": "too_costly",
    "profile.png": "too_costly",
    "texts.png": "too_costly",
    "chunks.png": None,
    "blocks.gif": "too_costly",
    "frames.gif": "too_costly",
}


def helpers() -> list[psutil.Process]:
    """The helper processes of this one."""
    return [child for child in psutil.Process().children() if "studio.rendering.media.helper" in child.cmdline()]


def processor_seconds() -> float:
    return sum(sum(helper.cpu_times()[:2]) for helper in helpers())


@pytest.mark.parametrize("name", BOMBS)
def test_bombs(tmp_path: Path, name: str) -> None:
    path = write_bomb(name, tmp_path)
    own = psutil.Process().memory_info().rss
    mime_type(path)
    before = processor_seconds()
    try:
        check_upload(path, kind="attachment")
        verdict = None
    except MediaError as refused:
        verdict = refused.code
    assert verdict == VERDICTS[name]
    assert processor_seconds() - before < 5
    assert all(helper.memory_info().rss < 300 << 20 for helper in helpers())
    assert psutil.Process().memory_info().rss - own < 20 << 20, "the process that asks decodes nothing"


def test_more_samples_than_memory_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(many_samples_mp4())
    with pytest.raises(MediaError):
        check_upload(path, kind="attachment", limits=MediaLimits(1 << 30, max_frames=1 << 40, max_seconds=1e12))
    with pytest.raises(MediaError):
        probe(path)
    assert probe(FILES / "interlaced.mp4").frame_count == 25, "the next file is none the worse"


def test_a_helper_has_limits_and_no_secrets(tmp_path: Path) -> None:
    probe(FILES / "interlaced.mp4")
    os.environ["SECRET_FOR_TESTS"] = "x"
    helper = helpers()[0]
    assert helper.rlimit(psutil.RLIMIT_AS)[1] <= 1 << 30
    assert helper.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
    assert helper.rlimit(psutil.RLIMIT_CORE) == (0, 0)
    assert 0 < helper.rlimit(psutil.RLIMIT_CPU)[0] < sum(helper.cpu_times()[:2]) + 15
    assert set(helper.environ()) <= {"PYTHONPATH", "PATH", "LC_ALL", "LC_CTYPE"}


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_helpers_that_died_are_replaced(sent: signal.Signals) -> None:
    probe(FILES / "interlaced.mp4")
    for helper in helpers():
        helper.send_signal(sent)
        helper.wait()
    assert probe(FILES / "interlaced.mp4").frame_count == 25


def test_few_work_at_once_and_the_rest_is_told_to_come_again(tmp_path: Path) -> None:
    """A pipe that nobody writes to is a file that takes as long as we like."""
    slow = tmp_path / "clip.mp4"
    os.mkfifo(slow)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(mime_type, slow) for _ in range(8)]
        first: list[Future[str | None]] = []
        while len(first) < 3:
            first = [future for future in asked if future.done()]
            wait(asked, timeout=0.05, return_when=FIRST_COMPLETED)
        assert all(isinstance(future.exception(), MediaBusy) for future in first)
        assert len(helpers()) == 2
        while not all(future.done() for future in asked):
            with suppress(OSError):
                os.close(os.open(slow, os.O_WRONLY | os.O_NONBLOCK))
            wait(asked, timeout=0.05)
    assert probe(FILES / "interlaced.mp4").frame_count == 25


@pytest.mark.parametrize("sent", [signal.SIGSEGV, signal.SIGXCPU, signal.SIGKILL])
def test_whose_fault_it_is_when_a_helper_dies_at_work(tmp_path: Path, sent: signal.Signals) -> None:
    slow = tmp_path / "clip.mp4"
    os.mkfifo(slow)
    mime_type(FILES / "interlaced.mp4")
    helper = sandbox._pool._idle[-1]
    uses = helper.uses
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(mime_type, slow)
        until(lambda: helper.uses > uses, "question")
        os.kill(helper.pid, sent)
        error = asked.exception()
    codes = {signal.SIGSEGV: "not_media", signal.SIGXCPU: "too_costly", signal.SIGKILL: "media_busy"}
    assert isinstance(error, MediaBusy | MediaError)
    assert error.code == codes[sent]


def test_a_helper_ends_with_who_asked() -> None:
    """Also when that is killed: nobody is left to end it."""
    script = (
        "import signal, sys\nfrom pathlib import Path\nfrom studio.rendering.media.probe import probe\n"
        "probe(Path(sys.argv[1]))\nprint('ready', flush=True)\nsignal.pause()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(FILES / "interlaced.mp4")], stdout=subprocess.PIPE, cwd=sandbox._ROOT
    ) as asker:
        assert asker.stdout
        assert asker.stdout.readline() == b"ready\n"
        children = psutil.Process(asker.pid).children()
        assert len(children) == 1
        asker.kill()
    gone, alive = psutil.wait_procs(children, timeout=60)
    assert (len(gone), alive) == (1, [])


def test_mutated_files_are_judged_whatever_is_wrong_with_them() -> None:
    verdicts = look_at_mutations(300, seed=12)
    assert verdicts.total() == 300
    assert verdicts["accepted"] > 20
    assert len(verdicts) > 4, verdicts


def test_a_film_with_an_unread_sound_is_taken_without_it(tmp_path: Path) -> None:
    first_unread = check_upload(FILES / "sound_of_an_unknown_codec_first.mov", kind="attachment")
    assert (first_unread.has_audio, first_unread.audio_codec, first_unread.notes) == (True, "aac", ())
    assert first_unread.sound_track == 1

    path = write_numbered(tmp_path / "a.mov", *H264, "-c:a", "pcm_s16le", sound=True)
    unknown = tmp_path / "unknown.mov"
    unknown.write_bytes(path.read_bytes().replace(b"sowt", b"zzzz"))
    info = check_upload(unknown, kind="attachment")
    assert (info.kind, info.frame_count, info.has_audio, info.audio_codec) == ("video", 24, False, None)
    assert len(info.notes) == 1

    noise = tmp_path / "noise.webm"
    run_ffmpeg("-i", path, "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libvorbis", noise)
    whole = noise.read_bytes()
    noise.write_bytes(whole.replace(b"\x05vorbis", b"\x05vorbi_"))
    info = check_upload(noise, kind="attachment")
    assert (info.kind, info.has_audio, len(info.notes)) == ("video", False, 1)


def test_a_picture_in_an_unknown_codec_is_refused_by_that_name(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mov", *H264, sound=True)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(MediaError, match="codec") as refused:
        check_upload(path, kind="attachment")
    assert refused.value.code == "unsupported_codec"


def test_a_second_picture_is_shown_where_the_first_is_in_an_unknown_codec(tmp_path: Path) -> None:
    clip = write_numbered(tmp_path / "clip.mov", *H264, sound=True)
    path = tmp_path / "two.mov"
    first = ("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=24:duration=1", "-i", clip)
    run_ffmpeg(*first, "-map", "0:v", "-map", "1", "-c", "copy", "-c:v:0", "qtrle", path)
    path.write_bytes(path.read_bytes().replace(b"rle ", b"zzzz"))
    info = check_upload(path, kind="attachment")
    assert (info.picture_track, info.frame_count, info.has_audio) == (1, 24, True)
    with FrameReader(path, width=64, height=48, fps=Fraction(24), info=info) as reader:
        assert [index_of(frame) for frame in reader] == list(range(24))


@pytest.mark.parametrize("stretch", [2**31, 2**32 - 1, 1000])
def test_pixels_that_no_camera_has_count_as_square(tmp_path: Path, stretch: int) -> None:
    path = write_numbered(tmp_path / "a.mov", "-c:v", "qtrle", "-vf", "setsar=2/1")
    data = path.read_bytes()
    at = data.index(b"pasp") + 4
    assert int.from_bytes(data[at : at + 4]) == 2
    assert check_upload(path, kind="attachment").width == 128
    path.write_bytes(data[:at] + stretch.to_bytes(4) + data[at + 4 :])
    info = check_upload(path, kind="attachment")
    assert (info.width, info.height) == (64, 48)
