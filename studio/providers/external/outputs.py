"""Finished encodings that appear in a folder: which job they answer, and whether they are whole."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from django.db import transaction

from config.platform import scratch
from studio.models import MediaFile, RenderJob
from studio.models.jobs import lease_end
from studio.providers.external import job_id_of
from studio.rendering.errors import MediaBusy, MediaError, RenderError
from studio.rendering.media.images import derive_images
from studio.rendering.media.probe import MediaInfo, check_upload
from studio.services.files.store import drop_files, store_file
from studio.services.jobs.causes import cause_of, is_ours
from studio.services.jobs.lifecycle import complete_render, fail_render
from tenants.scope import all_tenants, tenant_scope

logger = logging.getLogger(__name__)


class OutputWatcher:
    """Looks at folders again and again; a file is taken when it is the same twice in a row and decodes."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = list(folders)
        self._seen: dict[Path, tuple[int, int]] = {}
        self._settled: set[Path] = set()

    @property
    def is_waiting(self) -> bool:
        """Whether some file may still be growing."""
        return bool(self._seen.keys() - self._settled)

    def look(self) -> list[RenderJob]:
        """One look; answers the jobs that it completed.

        A file that met a fault of ours is looked at again, and keeps none of the others waiting: the fault is raised at
        the end.
        """
        present = {path: _state(path) for folder in self._folders if folder.is_dir() for path in folder.iterdir()}
        present = {path: state for path, state in present.items() if job_id_of(path) is not None}
        unchanged = [path for path, state in present.items() if self._seen.get(path) == state]
        self._settled = {path for path in self._settled if path in unchanged}
        self._seen = present
        completed: list[RenderJob] = []
        faults: list[Exception] = []
        for path in unchanged:
            if path not in self._settled:
                try:
                    completed += _take(path)
                    self._settled.add(path)
                except MediaBusy:
                    # The machine is overloaded: the next look may have more of it.
                    continue
                except Exception as error:  # noqa: BLE001 - raised when the other files had their turn
                    faults.append(error)
        if faults:
            raise faults[0]
        return completed


def _take(path: Path) -> list[RenderJob]:
    """The job that the file completes, if it completes one."""
    # The file's name tells the job, and the job its tenant.
    with all_tenants():
        waiting = RenderJob.objects.queued().filter(provider="external")
        job = waiting.filter(pk=job_id_of(path) or 0).first()
    if job is None:
        logger.warning("%s answers no job that waits for it", path.name)
        return []
    try:
        info = check_upload(path, kind="video")
    except MediaBusy:
        raise
    except MediaError as error:
        logger.warning("%s is not a finished video: %s", path.name, error.message)
        return []
    with tenant_scope(job.tenant_id):
        if not _complete(job, path, info):
            return []
    path.unlink()
    path.with_suffix(".json").unlink(missing_ok=True)
    return [job]


def _complete(job: RenderJob, path: Path, info: MediaInfo) -> bool:
    """Store everything, then complete the job at once: nobody renews a lease here, however long storing takes."""
    files: dict[str, MediaFile] = {}
    try:
        _store(job, path, info, files)
        with transaction.atomic():
            lease = _claim(job)
            if lease is not None:
                return complete_render(job, lease_id=lease, files=files, seconds_per_frame=None)
    except Exception as error:
        drop_files(list(files.values()))
        if not isinstance(error, RenderError) or is_ours(error):
            raise
        fail_render(job, lease_id=None, code=error.code, message=error.message, cause=cause_of(error))
        return False
    # It was cancelled meanwhile.
    drop_files(list(files.values()))
    return False


def _claim(job: RenderJob) -> UUID | None:
    """The job as if it had run here since it was queued: the second claim beside that of a worker, which comes by turns
    (``studio.services.jobs.queue``). None when it waits no longer.
    """
    lease = uuid.uuid4()
    began: dict[str, Any] = {"started_at": job.queued_at, "attempts": job.attempts + 1, "worker": "watch_output"}
    return lease if job.move(RenderJob.Status.RUNNING, lease_id=lease, lease_expires_at=lease_end(), **began) else None


def _store(job: RenderJob, path: Path, info: MediaInfo, files: dict[str, MediaFile]) -> None:
    """Fill ``files`` one by one: whoever asked knows what is there if this breaks off."""
    kind = MediaFile.Kind
    # A folder that goes with the block: unlike a render of ours, nothing here is worth keeping after a crash.
    with TemporaryDirectory(prefix="output-", dir=scratch.work_folder()) as folder:
        images = derive_images(path, Path(folder))
        files["output"] = store_file(path=path, owner=job.owner, kind=kind.OUTPUT, info=info)
        for name, image in images.items():
            files[name] = store_file(path=image, owner=job.owner, kind=kind(name))


def _state(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns
