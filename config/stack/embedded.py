"""Which of the servers are embedded, and the database by itself, for commands that need it while ``serve`` is down."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dotenv import dotenv_values

from config.stack.folders import FolderLock
from config.stack.postgres import Postgres


def remembered(data_dir: Path) -> dict[str, str | None]:
    """What ``serve`` wrote down when it last started on this folder."""
    path = data_dir / "stack.env"
    return dotenv_values(path, interpolate=False) if path.exists() else {}


def remember(data_dir: Path, values: Mapping[str, str]) -> None:
    """Write down what the settings of a command in a second terminal read. It holds a secret."""
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / "stack.env"
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    told = {**remembered(data_dir), **values}
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}='{value}'\n" for name, value in told.items())
    unfinished.replace(path)


def is_ours(name: str, data_dir: Path) -> bool:
    """Whether nobody chose this setting, so that ``serve`` starts, or makes, what it names.

    The settings have read the file of the last run into our environment; that is not somebody's choice.
    """
    return os.environ.get(name) in {None, "", remembered(data_dir).get(name)}


@contextmanager
def embedded_database(data_dir: Path, *, alone: bool) -> Iterator[str]:
    """The URL of the database. The embedded one is started for the block, unless ``serve`` has it running.

    alone: refuse to work beside ``serve``. Raises FolderInUse.
    """
    if not is_ours("DATABASE_URL", data_dir):
        yield os.environ["DATABASE_URL"]
        return
    server = Postgres(data_dir / "postgres")
    with ExitStack() as cleanup:
        if alone or not server.is_ready():
            cleanup.callback(FolderLock(data_dir).release)
            server.start()
            cleanup.callback(server.stop)
        yield server.url
