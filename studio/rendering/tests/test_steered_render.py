"""Steering through the one entry point: whole films with sound and all, pauses, and a process that is killed."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from studio.rendering.deforum.parameters import settings_from_table
from studio.rendering.deforum.settings import export_settings
from studio.rendering.errors import Paused
from studio.rendering.media.probe import probe
from studio.rendering.plan import DeforumParams, RenderPlan
from studio.rendering.ports import RenderInputs, RenderResult
from studio.rendering.render import render
from studio.rendering.tests.conftest import Port
from studio.rendering.tests.consoles import FilePort, prepare, steered
from studio.rendering.tests.test_render import digests

ORDERS = [
    (1, "set_smooth", {"values": {"zoom": {"value": 0.1}, "strength_schedule": {"value": 0.5}}, "frames": 4}),
    (3, "prompt", {"a": "a ship", "b": "a storm", "morph": 0.5}),
    (4, "set", {"values": {"diffusion_cadence": {"value": 1}, "seed": {"value": 77}}}),
    (7, "rewind", {"frame": 4}),
    (7, "set", {"values": {"steps_schedule": {"value": 3}, "cfg_scale_schedule": {"value": 4}}}),
    (8, "extend", {"frames": 2}),
]


def digested(table: Path) -> list[str]:
    return [json.loads(line)["sha256"] for line in table.read_text().splitlines()]


@pytest.fixture(scope="module")
def session(deforum: RenderPlan, tmp_path_factory: pytest.TempPathFactory) -> RenderResult:
    return steered(deforum, tmp_path_factory.mktemp("session") / "live", ORDERS)


def test_a_session_is_a_whole_film(session: RenderResult) -> None:
    assert (session.frames, probe(session.video).frame_count) == (10, 10)
    assert len(digested(session.frame_table)) == 10


def test_its_record_is_a_settings_file_of_the_same_film(
    session: RenderResult, deforum: RenderPlan, tmp_path: Path
) -> None:
    records = [json.loads(line) for line in session.frame_table.read_text().splitlines()]
    exported = export_settings(settings_from_table(records))
    assert exported["max_frames"] == 10
    again = replace(deforum, params=DeforumParams(json.loads(json.dumps(exported))), frame_count=10)
    result = render(again, RenderInputs(), Port(tmp_path / "work"))
    assert digested(result.frame_table) == digested(session.frame_table)
    assert digests(result)[0] == digests(session)[0]


def test_a_stopped_film_is_complete(deforum: RenderPlan, soundtrack: Path, tmp_path: Path) -> None:
    prepare(deforum, tmp_path / "live", [(3, "stop", {})])
    port = FilePort(tmp_path / "live")
    result = render(deforum, RenderInputs(soundtrack=soundtrack), port)
    video = probe(result.video)
    assert (result.frames, video.frame_count, video.has_audio) == (3, 3, True)
    assert (port.heard[-1].stage, port.heard[-1].frames_done, port.heard[-1].frames_total) == ("finishing", 3, 3)
    # Another film may go on from where it ended.
    longer = render(deforum, RenderInputs(checkpoint=result.checkpoint), Port(tmp_path / "longer"))
    assert longer.frames == 8


def test_every_frame_is_shown(deforum: RenderPlan, tmp_path: Path) -> None:
    prepare(deforum, tmp_path / "live", [(3, "rewind", {"frame": 0})])
    port = FilePort(tmp_path / "live")
    render(deforum, RenderInputs(), port)
    assert [index for index, _ in port.frames] == [0, 1, 2, 1, 2, 3, 4, 5, 6, 7]
    assert port.frames[0][1]


def test_a_pause_shows_the_frame_it_stands_at(deforum: RenderPlan, tmp_path: Path) -> None:
    prepare(deforum, tmp_path / "live", [(3, "pause", {})])
    port = FilePort(tmp_path / "live")
    with pytest.raises(Paused) as paused:
        render(deforum, RenderInputs(), port)
    assert paused.value.frame == 3
    index, preview = port.frames[-1]
    assert (index, preview is not None) == (2, True)
    assert port.acks() == {1: {"number": 1, "frame": 3, "effective": {}, "refused": None}}


def test_the_first_picture_is_the_films(deforum: RenderPlan, tmp_path: Path) -> None:
    orders = [(0, "set", {"values": {"seed": {"value": 5}}}), (3, "replay", {"start": 0, "end": 2, "others": "live"})]
    result = steered(deforum, tmp_path / "live", [*orders, (3, "set", {"values": {"seed": {"value": 9}}})])
    records = [json.loads(line) for line in result.frame_table.read_text().splitlines()]
    assert records[0]["seed"] == 9
    straight = render(replace(deforum, seed=9), RenderInputs(), Port(tmp_path / "straight"))
    assert result.still.read_bytes() == straight.still.read_bytes()


@pytest.mark.parametrize("kills", [(1, 2, 3, 6, 5), (4, 7, 8, 9)])
def test_a_killed_process_gives_the_session_of_one_that_was_not(
    kills: tuple[int, ...], session: RenderResult, deforum: RenderPlan, tmp_path: Path
) -> None:
    folder = tmp_path / "live"
    prepare(deforum, folder, ORDERS)
    command = [sys.executable, "-m", "studio.rendering.tests.consoles", str(folder)]
    for frame in [*kills, None]:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for line in process.stdout:
                if frame is not None and int(line) >= frame:
                    process.send_signal(signal.SIGKILL)
                    break
            process.stdout.read()
        assert process.returncode == (0 if frame is None else -signal.SIGKILL)
    result = folder / "work" / "result"
    assert digested(result / "frames.jsonl") == digested(session.frame_table)
    assert (result / "video.mp4").read_bytes() == session.video.read_bytes()
    acks = FilePort(folder).acks()
    assert sorted(acks) == list(range(1, len(ORDERS) + 1))
    assert [acks[number]["frame"] for number in (1, 2, 3, 4, 5, 6)] == [3, 3, 6, 5, 5, 8]
