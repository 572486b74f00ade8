"""What tests that cross apps share."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from commerce.tests.stripe_server import StripeServer
from tests.worker import WorkerProcess

if TYPE_CHECKING:
    from tests.world import World


@pytest.fixture(scope="module")
def render_worker(django_db_setup: None) -> Iterator[WorkerProcess]:
    """A worker that listens for the whole module: starting one takes longer than most renders."""
    with WorkerProcess() as worker:
        yield worker.until_listening()


@pytest.fixture
def upload(api: APIClient, media_dir: Path) -> Callable[..., int]:
    def upload(name: str = "clip.mp4", type: str = "vid2vid") -> int:
        files = {
            "attachment": SimpleUploadedFile(name, (media_dir / name).read_bytes()),
            "soundtrack": SimpleUploadedFile("song.mp3", (media_dir / "song.mp3").read_bytes()),
        }
        answer = api.post("/api/upload", {**files, "type": type}, format="multipart")
        return answer.json()["data"]["videoId"]

    return upload


@pytest.fixture(scope="module")
def stripe_process() -> Iterator[StripeServer]:
    server = StripeServer()
    yield server
    server.close()


@pytest.fixture
def world(make_user: Any, client_of: Any, settings: Any, media_dir: Path, stripe_process: StripeServer) -> "World":
    """The owner of everything, and everybody else who may call."""
    # Models, which this file comes before.
    from tests.world import make_world

    return make_world(make_user, client_of, settings, media_dir, stripe_process)
