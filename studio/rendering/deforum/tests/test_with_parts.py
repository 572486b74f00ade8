"""The animator with the real parts: a tiny diffusion model, and the sink that writes video to disk."""

import json
import shutil
from contextlib import suppress
from fractions import Fraction

import numpy as np
import pytest

from studio.rendering.deforum.animator import animate
from studio.rendering.deforum.parameters import settings_from_table
from studio.rendering.deforum.settings import export_settings
from studio.rendering.deforum.tests.support import make_plan
from studio.rendering.errors import Cancelled
from studio.rendering.media.sink import FrameSink
from studio.rendering.models import tiny
from studio.rendering.models.cache import load_engine
from studio.rendering.plan import ModelSpec

SETTINGS = {
    "animation_mode": "3D",
    "translation_z": 2,
    "diffusion_cadence": 2,
    "color_coherence": "LAB",
    "noise_schedule": 0.065,
    "noise_multiplier_schedule": 1.05,
    "steps": 4,
    "prompts": {"0": "a wolf", "4": "a bird --neg grey"},
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    folder = tiny.build_sd15(tmp_path_factory.mktemp("model"))
    return load_engine(ModelSpec("sd15", str(folder)), device="cpu")


def render(engine, folder, plan, stop_at=100):
    sink = FrameSink(folder / "sink", width=plan.width, height=plan.height, fps=Fraction(plan.fps))
    seen = []

    def on_frame(index, frame, record):
        seen.append(frame)

    with suppress(Cancelled):
        animate(
            plan,
            engine,
            source=None,
            sink=sink,
            state_dir=folder / "state",
            should_stop=lambda: sink.frames_done >= stop_at,
            on_frame=on_frame,
        )
    return sink, np.stack(seen)


def test_cancelled_and_resumed_on_disk(engine, tmp_path):
    plan = make_plan(SETTINGS, frame_count=8, width=64, height=64)
    straight, frames = render(engine, tmp_path / "straight", plan)
    assert straight.frames_done == len(frames) == 8
    assert len(np.unique(frames.reshape(8, -1), axis=0)) == 8

    _, first = render(engine, tmp_path / "broken", plan, stop_at=4)
    assert len(first) == 4
    shutil.copytree(tmp_path / "broken" / "state", tmp_path / "moved")
    shutil.rmtree(tmp_path / "broken" / "state")
    shutil.copytree(tmp_path / "moved", tmp_path / "broken" / "state")
    resumed, rest = render(engine, tmp_path / "broken", plan)
    assert np.array_equal(np.concatenate([first, rest]), frames)
    assert list(resumed.records()) == list(straight.records())


def test_the_stored_table_renders_to_the_same_frames(engine, tmp_path):
    plan = make_plan(SETTINGS, frame_count=6, width=64, height=64)
    sink, frames = render(engine, tmp_path / "a", plan)
    table = [json.loads(json.dumps(record)) for record in sink.records()]
    again = make_plan(export_settings(settings_from_table(table)), frame_count=6, width=64, height=64)
    repeated, same = render(engine, tmp_path / "b", again)
    assert np.array_equal(frames, same)
    digests = [[record["sha256"] for record in log.records()] for log in (sink, repeated)]
    assert digests[0] == digests[1]
