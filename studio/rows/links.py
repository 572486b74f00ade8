"""Addresses of files and frames, whole."""

from __future__ import annotations

from typing import NamedTuple

from config.platform.columns import Columns
from config.platform.links import Absolute
from studio.models import RenderJob
from studio.services.files.store import Linkable, file_url
from studio.services.jobs.live_frames import frame_url


class LinkedFile(NamedTuple):
    """What a link needs of a file's row."""

    pk: int
    kind: str
    storage_key: str


def link_columns(*paths: str) -> tuple[str, ...]:
    """The columns from which :func:`linked` takes the files at these paths."""
    return tuple(f"{path}{column}" for path in paths for column in ("_id", "__kind", "__storage_key"))


def linked(row: Columns, path: str) -> LinkedFile | None:
    """The file at the path of a ``values()`` row that has its :func:`link_columns`."""
    pk = row[f"{path}_id"]
    return None if pk is None else LinkedFile(pk, row[f"{path}__kind"], row[f"{path}__storage_key"])


def file_link(file: Linkable | None, absolute: Absolute) -> str | None:
    return absolute(file_url(file)) if file else None


def frame_link(job: RenderJob, absolute: Absolute) -> str | None:
    url = frame_url(job)
    return absolute(url) if url else None
