"""Renders on this machine: the frozen plan goes into ``studio.rendering``, files and figures come out."""

from __future__ import annotations

import fcntl
import logging
import shutil
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from studio.models import MediaFile, RenderJob
from studio.rendering.errors import Cancelled, RenderError
from studio.rendering.media.decode import FrameReader
from studio.rendering.media.images import write_still
from studio.rendering.plan import RenderPlan
from studio.rendering.ports import Progress, RenderInputs, RenderResult
from studio.rendering.render import render
from studio.services import jobs
from studio.services.catalogue import work_dir
from studio.services.files import local_copy, store_file
from studio.services.live_frames import keep_frame
from studio.services.plans import UPLOADED_PICTURE
from studio.services.states import announce
from tenants.scope import tenant_scope

logger = logging.getLogger(__name__)

# The row hears of progress at most this often, and of every whole percent.
_PROGRESS_SECONDS = 1.0
# Denoising steps can take a millisecond on a tiny model: ask the database no more often than this.
_LEASE_CHECK_SECONDS = 0.02


class LeasedPort:
    """A render's link to its row: writes progress, learns of a cancel, and keeps the lease alive from a thread."""

    def __init__(self, job: RenderJob, lease_id: UUID, stopping: threading.Event) -> None:
        self.work_dir = work_dir(f"job-{job.pk}")
        self.lost = False
        self._job = job
        self._lease_id = lease_id
        self._stopping = stopping
        self._checked = self._written = 0.0
        self._percent = -1
        self._start: tuple[float, int] | None = None

    def progress(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.preview_jpeg and not self.lost:
            keep_frame(self._job, progress.preview_jpeg)
        if self._start is None and progress.stage == "rendering":
            self._start = (now, progress.frames_done)
        percent = 100.0 * progress.frames_done / max(1, progress.frames_total)
        if int(percent) == self._percent and now - self._written < _PROGRESS_SECONDS:
            return
        self._percent, self._written = int(percent), now
        figures = {
            # 100 is for the job that is stored and done.
            "progress": min(percent, 99.0),
            "frames_done": progress.frames_done,
            "eta_seconds": self._eta(now, progress),
        }
        written = self._job.held(self._lease_id).update(**figures)
        self.lost = self.lost or not written
        if written:
            announce(self._job, **figures)

    def should_stop(self) -> bool:
        if self._stopping.is_set():
            return True
        now = time.monotonic()
        if not self.lost and now - self._checked >= _LEASE_CHECK_SECONDS:
            self._checked = now
            self.lost = not self._job.held(self._lease_id).exists()
        return self.lost

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Renew the lease while the block runs, however long a denoising step takes."""
        done = threading.Event()

        def beat() -> None:
            try:
                with tenant_scope(self._job.tenant_id):
                    while not done.wait(settings.LEASE_SECONDS / 3):
                        until = timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
                        if not self._job.held(self._lease_id).update(lease_expires_at=until):
                            self.lost = True
                            return
            except OperationalError:
                # Without the database there is no lease to keep; the reaper gives the job to someone who has it.
                logger.exception("The lease of render %s could not be renewed", self._job.pk)
                self.lost = True
            finally:
                connection.close()

        thread = threading.Thread(target=beat, name=f"lease-{self._job.pk}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _eta(self, now: float, progress: Progress) -> float | None:
        if self._start is None or progress.frames_done <= self._start[1]:
            return None
        began, before = self._start
        return (now - began) / (progress.frames_done - before) * (progress.frames_total - progress.frames_done)


def run(job: RenderJob, *, stopping: threading.Event) -> None:
    """Render a claimed job to its end, whichever that is."""
    lease_id = job.lease_id
    assert lease_id is not None, "a claimed job has a lease"
    port = LeasedPort(job, lease_id, stopping)
    try:
        with port.heartbeat(), _alone_in(port.work_dir):
            _render_and_store(job, lease_id, port)
    except Cancelled:
        if not port.lost:
            jobs.give_back(job, lease_id=lease_id, count_attempt=False)
            return
    except RenderError as error:
        logger.exception("Render %s failed", job.pk)
        jobs.fail_render(job, lease_id=lease_id, code=error.code, message=error.message)
    except (OperationalError, InterfaceError):
        # The row still says running: when the lease runs out, the reaper queues it again and no frame is lost.
        logger.exception("Render %s lost the database", job.pk)
        return
    except Exception:
        logger.exception("Render %s failed unexpectedly", job.pk)
        jobs.fail_render(
            job, lease_id=lease_id, code="internal_error", message="The render failed for a reason that is our fault."
        )
    job.refresh_from_db()
    if not job.is_active:
        shutil.rmtree(port.work_dir, ignore_errors=True)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process works in the folder: a worker that was stalled past its lease may still wake up in
    it, and stops at its next step.
    """
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _render_and_store(job: RenderJob, lease_id: UUID, port: LeasedPort) -> None:
    plan = RenderPlan.from_json(job.plan)
    before = job.frames_done
    result = render(plan, _inputs(job, plan, port.work_dir), port)
    rendered = job.frames_total - max(before, job.continues.frames_total if job.continues else 0)
    files = _store(job, plan, result)
    jobs.complete_render(
        job, lease_id=lease_id, files=files, seconds_per_frame=result.seconds / rendered if rendered > 0 else None
    )


def _inputs(job: RenderJob, plan: RenderPlan, folder: Path) -> RenderInputs:
    video = job.video
    inputs = folder / "inputs"
    inputs.mkdir(exist_ok=True)
    checkpoint = None
    if job.continues and job.continues.checkpoint:
        checkpoint = inputs / "checkpoint"
        if not checkpoint.exists():
            _unpack(job.continues.checkpoint, checkpoint)
    source = local_copy(video.source, inputs) if video.source else None
    return RenderInputs(
        source=source,
        soundtrack=local_copy(video.soundtrack, inputs) if video.soundtrack else None,
        checkpoint=checkpoint,
        assets={UPLOADED_PICTURE: _first_picture(source, plan, inputs)} if source else {},
    )


def _first_picture(source: Path, plan: RenderPlan, folder: Path) -> Path:
    with FrameReader(source, width=plan.width, height=plan.height, fps=plan.rate, count=1) as frames:
        return write_still(next(iter(frames))[0], folder / "first.png")


def _store(job: RenderJob, plan: RenderPlan, result: RenderResult) -> dict[str, MediaFile]:
    kind = MediaFile.Kind
    output = kind.PREVIEW if job.purpose == RenderJob.Purpose.PREVIEW else kind.OUTPUT
    wanted = {
        "output": (output, result.video),
        "still": (kind.STILL, result.still),
        "animation": (kind.ANIMATION, result.animation),
        "poster": (kind.POSTER, result.poster),
        "thumbnail": (kind.THUMBNAIL, result.thumbnail),
        "sprite": (kind.SPRITE, result.sprite),
        "frame_table": (kind.FRAME_TABLE, result.frame_table),
        "checkpoint": (kind.CHECKPOINT, _pack(result.checkpoint)),
    }
    stored = {name: store_file(path=path, owner=job.owner, kind=k) for name, (k, path) in wanted.items()}
    MediaFile.objects.filter(pk=stored["output"].pk).update(
        width=result.width,
        height=result.height,
        fps=plan.fps,
        frame_count=result.frames,
        duration=float(result.frames / plan.rate),
    )
    return stored


def _pack(folder: Path) -> Path:
    """One tar of a checkpoint folder; its parts are compressed already."""
    target = folder.with_suffix(".tar")
    with tarfile.open(target, "w") as tar:
        tar.add(folder, arcname=".")
    return target


def _unpack(file: MediaFile, folder: Path) -> None:
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    with default_storage.open(file.storage_key) as handle, tarfile.open(fileobj=handle) as tar:
        tar.extractall(partial, filter="data")
    partial.rename(folder)
