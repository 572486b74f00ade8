"""Finished encodings that appear in a folder: which job they answer, and whether they are whole."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import transaction

from studio.models import MediaFile, RenderJob
from studio.models.jobs import lease_end
from studio.providers.external import job_id_of
from studio.rendering.errors import MediaBusy, MediaError
from studio.rendering.media.images import derive_images
from studio.rendering.media.probe import MediaInfo, check_upload
from studio.services.catalogue import work_dir
from studio.services.files import store_file
from studio.services.jobs import complete_render
from studio.services.states import show_on_video
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
        """One look; answers the jobs that it completed."""
        present = {path: _state(path) for folder in self._folders if folder.is_dir() for path in folder.iterdir()}
        present = {path: state for path, state in present.items() if job_id_of(path) is not None}
        unchanged = [path for path, state in present.items() if self._seen.get(path) == state]
        self._settled = {path for path in self._settled if path in unchanged}
        self._seen = present
        completed = []
        for path in unchanged:
            if path not in self._settled:
                self._settled.add(path)
                job = self._take(path)
                if job is not None:
                    completed.append(job)
        return completed

    def _take(self, path: Path) -> RenderJob | None:
        # The file's name tells the job, and the job its tenant.
        with all_tenants():
            waiting = RenderJob.objects.queued().filter(provider="external")
            job = waiting.filter(pk=job_id_of(path) or 0).first()
        if job is None:
            logger.warning("%s answers no job that waits for it", path.name)
            return None
        try:
            info = check_upload(path, kind="video")
        except MediaBusy:
            # The machine is overloaded: the next look may have more of it.
            self._settled.discard(path)
            return None
        except MediaError as error:
            logger.warning("%s is not a finished video: %s", path.name, error.message)
            return None
        with tenant_scope(job.tenant_id):
            if not _complete(job, path, info):
                return None
        path.unlink()
        path.with_suffix(".json").unlink(missing_ok=True)
        return job


def _complete(job: RenderJob, path: Path, info: MediaInfo) -> bool:
    lease = uuid.uuid4()
    with transaction.atomic():
        if not job.move(
            RenderJob.Status.RUNNING,
            lease_id=lease,
            lease_expires_at=lease_end(),
            started_at=job.queued_at,
            attempts=job.attempts + 1,
            worker="watch_output",
        ):
            return False
        show_on_video(job)
    kind = MediaFile.Kind
    # A folder that goes with the block: unlike a render of ours, nothing here is worth keeping after a crash.
    with TemporaryDirectory(prefix="output-", dir=work_dir("outputs")) as folder:
        images = derive_images(path, Path(folder))
        files = {"output": store_file(path=path, owner=job.owner, kind=kind.OUTPUT, info=info)} | {
            name: store_file(path=image, owner=job.owner, kind=kind(name)) for name, image in images.items()
        }
    return complete_render(job, lease_id=lease, files=files, seconds_per_frame=None)


def _state(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns
