"""The frame sink: durable, exact in time, and the same bytes however often it was killed, rewound or continued."""

import hashlib
import json
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from studio.rendering.errors import RenderError
from studio.rendering.media import ffmpeg, segments
from studio.rendering.media.sink import REWIND_FRAMES, FrameSink
from studio.rendering.media.tests.clips import run_ffmpeg

WIDTH, HEIGHT, SEGMENT = 64, 48, 6


def moving(start: int, end: int) -> NDArray[np.uint8]:
    """Frames ``start`` to ``end`` of a picture that moves, so the encoder uses B-frames."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    pictures = [np.stack([(x * 3 + 4 * i) % 256, (y * 4 + 2 * i) % 256, (x + y) % 256], -1) for i in range(start, end)]
    return np.asarray(pictures, np.uint8).reshape(-1, HEIGHT, WIDTH, 3)


def open_sink(folder: Path, fps: str = "24", segment: int = SEGMENT) -> FrameSink:
    return FrameSink(folder, width=WIDTH, height=HEIGHT, fps=Fraction(fps), segment_frames=segment)


def fill(sink: FrameSink, until: int, step: int = 4) -> FrameSink:
    while sink.frames_done < until:
        start = sink.frames_done
        end = min(until, start + step)
        sink.append(moving(start, end), [{"seed": i} for i in range(start, end)])
    return sink


def recovered(folder: Path) -> int:
    """How many frames a sink finds that is reopened."""
    with open_sink(folder) as sink:
        return sink.frames_done


def outcome(sink: FrameSink) -> tuple[str, str]:
    """Digests of the finished video and of the frame table."""
    with sink:
        video, table = sink.finish().read_bytes(), sink.table_path.read_bytes()
    return hashlib.sha256(video).hexdigest(), hashlib.sha256(table).hexdigest()


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """What 40 frames give that were rendered in one go."""
    return outcome(fill(open_sink(tmp_path_factory.mktemp("straight")), 40))


@pytest.mark.parametrize("rate", ["24", "30000/1001", "25", "25/2"])
@pytest.mark.parametrize("count", [1, 2, 6, 17])
def test_every_timestamp_is_exact(tmp_path: Path, rate: str, count: int) -> None:
    with fill(open_sink(tmp_path, rate), count) as sink, closing(av.open(sink.finish())) as container:
        stream = container.streams.video[0]
        assert stream.time_base
        assert stream.duration
        packets = [packet for packet in container.demux(stream) if packet.size]
        times = sorted((packet.pts or 0) * stream.time_base for packet in packets)
        assert times == [i / Fraction(rate) for i in range(count)]
        assert stream.duration * stream.time_base == count / Fraction(rate)
        assert stream.average_rate == Fraction(rate)
        decoding = [packet.dts or 0 for packet in packets]
        assert decoding == sorted(set(decoding))
        assert all((packet.dts or 0) <= (packet.pts or 0) for packet in packets)
        if count > SEGMENT:
            assert [packet.pts for packet in packets] != sorted(packet.pts or 0 for packet in packets), "no B-frames"


def test_frames_come_back_in_order(tmp_path: Path) -> None:
    with fill(open_sink(tmp_path), 20) as sink, closing(av.open(sink.finish())) as container:
        decoded = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    errors = np.abs(decoded.astype(int)[:, None] - moving(0, 20)[None]).mean(axis=(2, 3, 4))
    assert errors.argmin(axis=1).tolist() == list(range(20))


def test_a_browser_can_play_it(tmp_path: Path) -> None:
    with fill(open_sink(tmp_path), 8) as sink:
        video = sink.finish()
    with closing(av.open(video)) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.codec.canonical_name, codec.pix_fmt) == ("h264", "yuv420p")
        assert (codec.profile, codec.colorspace, codec.color_range) == ("High", 1, 1)
    data = video.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("step", [1, 3, 13, 40])
def test_batch_size_does_not_matter(tmp_path: Path, straight: tuple[str, str], step: int) -> None:
    assert outcome(fill(open_sink(tmp_path), 40, step)) == straight


def test_records(tmp_path: Path) -> None:
    with fill(open_sink(tmp_path), 9) as sink:
        frames = moving(0, 9)
        expected = [
            {"seed": i, "frame": i, "sha256": hashlib.sha256(frames[i].tobytes()).hexdigest()} for i in range(9)
        ]
        assert list(sink.records()) == expected
        assert list(sink.records(7)) == expected[7:]
        last = sink.last_frame()
        assert last is not None
        assert np.array_equal(last, frames[8:])
    with open_sink(tmp_path / "new") as empty:
        assert list(empty.records()) == []
        assert empty.last_frame() is None
        with pytest.raises(RenderError):
            empty.finish()


_WRITER = """
import sys
from pathlib import Path
from studio.rendering.media.tests.test_sink import fill, open_sink
sink = open_sink(Path(sys.argv[1]))
while sink.frames_done < 40:
    fill(sink, sink.frames_done + 1)
    print(sink.frames_done, flush=True)
"""


def test_killed_again_and_again(tmp_path: Path, straight: tuple[str, str]) -> None:
    reached = []
    for target in (5, 13, 24, 37):
        command = [sys.executable, "-c", _WRITER, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for line in process.stdout:
                if int(line) >= target:
                    # The next append is under way while the signal arrives.
                    process.send_signal(signal.SIGKILL)
                    break
            process.stdout.read()
        assert process.returncode == -signal.SIGKILL
        with open_sink(tmp_path) as sink:
            assert sink.frames_done >= target
            reached.append(sink.frames_done)
    assert reached == sorted(reached)
    assert outcome(fill(open_sink(tmp_path), 40)) == straight


def test_torn_frame_and_torn_line_are_dropped(tmp_path: Path, straight: tuple[str, str]) -> None:
    fill(open_sink(tmp_path), 15).close()
    with (tmp_path / "spools" / "000002.rgb").open("ab") as spool:
        spool.write(bytes(1000))
    with (tmp_path / "frames.jsonl").open("ab") as table:
        table.write(b'{"seed":15,"fra')
    assert recovered(tmp_path) == 15
    assert outcome(fill(open_sink(tmp_path), 40)) == straight


def test_frame_without_record_and_record_without_frame(tmp_path: Path, straight: tuple[str, str]) -> None:
    fill(open_sink(tmp_path), 15).close()
    spool = tmp_path / "spools" / "000002.rgb"
    spool.write_bytes(spool.read_bytes() + moving(15, 16).tobytes())
    assert recovered(tmp_path) == 15
    spool.write_bytes(moving(12, 14).tobytes())
    assert recovered(tmp_path) == 14
    assert outcome(fill(open_sink(tmp_path), 40)) == straight


def test_a_frame_that_the_disk_lost_is_noticed(tmp_path: Path, straight: tuple[str, str]) -> None:
    fill(open_sink(tmp_path), 17).close()
    spool = tmp_path / "spools" / "000002.rgb"
    raw = bytearray(spool.read_bytes())
    raw[2 * WIDTH * HEIGHT * 3 + 5] ^= 1
    spool.write_bytes(raw)
    assert recovered(tmp_path) == 14
    assert outcome(fill(open_sink(tmp_path), 40)) == straight


def test_full_disk_leaves_a_sound_sink(tmp_path: Path, straight: tuple[str, str]) -> None:
    sink = fill(open_sink(tmp_path), 13)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(2.5 * WIDTH * HEIGHT * 3), limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            sink.append(moving(13, 16), [{"seed": i} for i in range(13, 16)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert sink.frames_done == 13
    assert outcome(fill(sink, 40)) == straight


@pytest.mark.parametrize("back_to", [31, 30, 24, 23, 17, 6, 0])
def test_rewinding(tmp_path: Path, straight: tuple[str, str], back_to: int) -> None:
    with fill(open_sink(tmp_path), 33) as sink:
        sink.truncate(back_to)
        assert sink.frames_done == back_to == len(list(sink.records()))
        last = sink.last_frame()
        assert last is None if back_to == 0 else np.array_equal(last, moving(back_to - 1, back_to))
        assert outcome(fill(sink, 40)) == straight


def test_rewinding_survives_a_restart(tmp_path: Path, straight: tuple[str, str]) -> None:
    with fill(open_sink(tmp_path), 33) as sink:
        sink.truncate(23)
    assert recovered(tmp_path) == 23
    assert outcome(fill(open_sink(tmp_path), 40)) == straight


def test_how_far_back_is_promised(tmp_path: Path) -> None:
    until = 3 * REWIND_FRAMES + 1
    with fill(open_sink(tmp_path), until, step=25) as sink:
        with pytest.raises(RenderError):
            sink.truncate(SEGMENT + 1)
        assert sink.frames_done == until
        sink.truncate(until - REWIND_FRAMES)
        sink.truncate(SEGMENT)
        with pytest.raises(ValueError, match="truncate"):
            sink.truncate(SEGMENT + 1)


def test_a_large_batch_can_be_undone(tmp_path: Path) -> None:
    with fill(open_sink(tmp_path), 3) as sink:
        fill(sink, 3 + 2 * REWIND_FRAMES, step=2 * REWIND_FRAMES)
        sink.truncate(3)
        assert sink.frames_done == 3


@pytest.mark.parametrize("previewed", [1, 6, 20])
def test_continuing_a_snapshot(tmp_path: Path, straight: tuple[str, str], previewed: int) -> None:
    with fill(open_sink(tmp_path / "preview"), previewed) as preview:
        preview.finish()
        preview.snapshot(tmp_path / "checkpoint")
    shutil.rmtree(tmp_path / "preview")
    with FrameSink.restore(tmp_path / "checkpoint", tmp_path / "final") as sink:
        assert sink.frames_done == previewed
        last = sink.last_frame()
        assert last is not None
        assert np.array_equal(last, moving(previewed - 1, previewed))
        assert outcome(fill(sink, 40)) == straight


def test_finishing_and_going_on(tmp_path: Path, straight: tuple[str, str]) -> None:
    with open_sink(tmp_path) as sink:
        for until in (3, 6, 20):
            fill(sink, until).finish()
        assert outcome(fill(sink, 40)) == straight


def test_damaged_snapshots_are_refused(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    with fill(open_sink(tmp_path / "a"), 9) as sink:
        sink.snapshot(checkpoint)
    table = (checkpoint / "frames.jsonl").read_text()
    (checkpoint / "frames.jsonl").write_text(table.replace('"sha256":"', '"sha256":"0', 9))
    with pytest.raises(RenderError) as caught:
        FrameSink.restore(checkpoint, tmp_path / "b")
    assert caught.value.code == "checkpoint_damaged"
    manifest = json.loads((checkpoint / "sink.json").read_text())
    (checkpoint / "sink.json").write_text(json.dumps({**manifest, "schema": 99}))
    with pytest.raises(RenderError) as caught:
        FrameSink.restore(checkpoint, tmp_path / "c")
    assert caught.value.code == "checkpoint_mismatch"
    (checkpoint / "sink.json").write_text("{")
    with pytest.raises(RenderError) as caught:
        FrameSink.restore(checkpoint, tmp_path / "d")
    assert caught.value.code == "checkpoint_damaged"


def test_another_size_or_rate_is_refused(tmp_path: Path) -> None:
    fill(open_sink(tmp_path), 3).close()
    with pytest.raises(RenderError) as caught:
        open_sink(tmp_path, fps="25")
    assert caught.value.code == "checkpoint_mismatch"
    assert recovered(tmp_path) == 3


def test_wrong_frames_are_refused(tmp_path: Path) -> None:
    with open_sink(tmp_path) as sink:
        with pytest.raises(ValueError, match="expected 1 frames"):
            sink.append(moving(0, 2), [{}])
        with pytest.raises(ValueError, match="expected 2 frames"):
            sink.append(moving(0, 2).astype(np.float32), [{}, {}])  # type: ignore[arg-type]
        assert sink.frames_done == 0


def test_segments_of_another_encoder_carry_their_own_parameters(tmp_path: Path) -> None:
    paths = [tmp_path / "0.mp4", tmp_path / "1.mp4"]
    raw = tmp_path / "frames.rgb"
    raw.write_bytes(moving(0, 6).tobytes())
    ffmpeg.run(ffmpeg.encode_h264(ffmpeg.RawFrames(raw, WIDTH, HEIGHT, Fraction(24)), paths[0]))
    raw_input = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", "24", "-i", "pipe:0")
    baseline = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-profile:v", "baseline", "-refs", "1", "-level", "5.1")
    run_ffmpeg(*raw_input, *baseline, paths[1], stdin=moving(6, 12).tobytes())
    with closing(av.open(paths[0])) as a, closing(av.open(paths[1])) as b:
        assert a.streams.video[0].codec_context.extradata != b.streams.video[0].codec_context.extradata
    assert segments.join(paths, tmp_path / "joined.mp4", Fraction(24)) == 12

    def decoded(path: Path) -> list[bytes]:
        with closing(av.open(path)) as container:
            return [frame.to_ndarray(format="yuv420p").tobytes() for frame in container.decode(video=0)]

    assert decoded(tmp_path / "joined.mp4") == decoded(paths[0]) + decoded(paths[1])


def test_the_gpu_encodes_only_where_it_can(tmp_path: Path) -> None:
    ffmpeg.configure(binary=None, use_nvenc=True)
    try:
        chosen = ffmpeg.encoder()
    finally:
        ffmpeg.configure(binary=None)
    assert ffmpeg.encoder() == "libx264"
    with FrameSink(tmp_path, width=320, height=240, fps=Fraction(24), encoder=chosen) as sink:
        sink.append(np.zeros((3, 240, 320, 3), np.uint8), [{}] * 3)
        assert segments.count_frames(sink.finish()) == 3
