"""Tiny models for the renderer's tests: real components with random weights, built once a run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from studio.rendering.diffusion.engine import DiffusionEngine
from studio.rendering.models import tiny
from studio.rendering.models.cache import build_engine
from studio.rendering.plan import ModelSpec


def pytest_configure(config: pytest.Config) -> None:
    # diffusers 0.42 builds its noise tables in a way that numpy 2 deprecates.
    config.addinivalue_line("filterwarnings", "ignore:__array__ implementation doesn't accept:DeprecationWarning")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Tiny tensors are slower on several threads, and ten times so where other processes use the same cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def sd15_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.build_sd15(tmp_path_factory.mktemp("models") / "sd15")


@pytest.fixture(scope="session")
def sd15_engine(sd15_folder: Path) -> DiffusionEngine:
    """A tiny Stable Diffusion 1.5 on the CPU, shared: a test that leaves it changed breaks the next one."""
    return build_engine(ModelSpec("sd15", str(sd15_folder)), torch.device("cpu"))
