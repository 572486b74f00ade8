"""What tests that cross apps share."""

from collections.abc import Iterator

import pytest

from tests.worker import WorkerProcess


@pytest.fixture(scope="module")
def render_worker(django_db_setup: None) -> Iterator[WorkerProcess]:
    """A worker that listens for the whole module: starting one takes longer than most renders."""
    with WorkerProcess() as worker:
        yield worker.until_listening()
