"""A tiny model, a source clip and a port that keeps what it is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from studio.rendering.deforum.settings import export_settings, import_settings
from studio.rendering.media.sample import write_clip, write_soundtrack
from studio.rendering.models.tiny import build_sd15
from studio.rendering.plan import DeforumParams, ModelSpec, RenderPlan, Vid2VidParams
from studio.rendering.ports import Progress, RenderInputs, Unsteered


class Port(Unsteered):
    """A render port in a folder of its own, that stops when ``stop`` says so of the last progress."""

    def __init__(self, work_dir: Path, stop: Callable[[Progress], bool] | None = None) -> None:
        work_dir.mkdir(exist_ok=True)
        self.work_dir = work_dir
        self.heard: list[Progress] = []
        self._stop = stop

    def progress(self, progress: Progress) -> None:
        self.heard.append(progress)

    def should_stop(self) -> bool:
        return bool(self._stop and self.heard and self._stop(self.heard[-1]))


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelSpec:
    return ModelSpec("sd15", str(build_sd15(tmp_path_factory.mktemp("model"))), steps=2)


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> RenderInputs:
    """A clip of 24 frames with sound."""
    return RenderInputs(source=write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", width=96, height=64, seconds=1))


@pytest.fixture(scope="session")
def soundtrack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_soundtrack(tmp_path_factory.mktemp("sound") / "tune.mp3", seconds=3)


@pytest.fixture(scope="session")
def vid2vid(model: ModelSpec) -> RenderPlan:
    """Ten frames of the clip from its frame 6 on; neither side is a multiple of 8."""
    params = Vid2VidParams("a ship", start_frame=6)
    return RenderPlan("vid2vid", model, 44, 36, "24", 10, 7, params, batch_size=4)


@pytest.fixture(scope="session")
def deforum(model: ModelSpec) -> RenderPlan:
    settings, unknown = import_settings(
        {
            "prompts": {"0": "a tree"},
            "zoom": "0:(1.02)",
            "angle": "0:(3*sin(t))",
            "diffusion_cadence": 3,
            "steps": 2,
            "color_coherence": "LAB",
        }
    )
    assert not unknown
    return RenderPlan("deforum", model, 44, 36, "12", 8, 7, DeforumParams(export_settings(settings)))
