"""A running render's link to its row: progress out, a cancel in, and the lease kept while the render gets on."""

from __future__ import annotations

import contextvars
import faulthandler
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar
from uuid import UUID

import psutil
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.db.models.functions import Greatest
from redis.exceptions import RedisError

from config.platform.commits import asynchronous
from config.platform.logs import logged
from studio.models import RenderJob
from studio.models.jobs import lease_end
from studio.rendering.media.child import processor_seconds
from studio.rendering.ports import Progress, Stage, Unsteered
from studio.services.catalogue.models import work_dir
from studio.services.jobs import lifecycle as jobs
from studio.services.jobs.causes import DATABASE_AWAY
from studio.services.jobs.live_frames import show_frame
from studio.services.jobs.states import announce_progress
from tenants.scope import tenant_scope

logger = logging.getLogger(__name__)

HUNG = 75
"""Exit status of a worker whose render hung: its main thread can't be brought back, another process can."""

# The row hears of progress at most this often, and of every whole percent.
_PROGRESS_SECONDS = 1.0
# Denoising steps can take a millisecond on a tiny model: ask the database no more often than this.
_LEASE_CHECK_SECONDS = 0.02
# What shows a render to people is left alone for this long after it failed, a database for this long.
_QUIET_SECONDS = 5.0

# Processor time is counted in hundredths of a second.
_NOTICEABLE_SECONDS = 0.05

T = TypeVar("T")


class LeasedPort(Unsteered):
    """Writes progress, learns of a cancel, and keeps the lease alive from a thread.

    Neither a database that is away for a while nor anything that only shows the render to people ends it.
    """

    def __init__(self, job: RenderJob, lease_id: UUID, stopping: threading.Event) -> None:
        self.work_dir = work_dir(f"job-{job.pk}")
        self.lost = False
        self._job = job
        self._lease_id = lease_id
        self._stopping = stopping
        self._checked = self._written = 0.0
        self._percent = -1
        self._start: tuple[float, int] | None = None
        self._reached = job.frames_reached
        self._unshown_until = self._unasked_until = 0.0
        self._pulse = _Pulse()
        self._thread = threading.current_thread()

    def progress(self, progress: Progress) -> None:
        now = time.monotonic()
        self._pulse.beat(progress.stage)
        if progress.preview_jpeg and not self.lost:
            self._show(show_frame, self._job, progress.frames_done - 1, progress.preview_jpeg)
        if self._start is None and progress.stage == "rendering":
            self._start = (now, progress.frames_done)
        percent = 100.0 * progress.frames_done / max(1, progress.frames_total)
        if int(percent) == self._percent and now - self._written < _PROGRESS_SECONDS:
            return
        figures = {
            # 100 is for the job that is stored and done.
            "progress": min(percent, 99.0),
            "frames_done": progress.frames_done,
            "eta_seconds": self._eta(now, progress),
        }
        written = self._ask(lambda: self._change(**figures, **self._gain(progress.frames_done)))
        if written is None:
            return
        self._percent, self._written = int(percent), now
        self._reached = max(self._reached, progress.frames_done)
        self.lost = self.lost or not written
        if written:
            self._show(announce_progress, self._job, **figures)

    def should_stop(self) -> bool:
        self._pulse.beat()
        if self._stopping.is_set():
            return True
        now = time.monotonic()
        if not self.lost and now - self._checked >= _LEASE_CHECK_SECONDS:
            self._checked = now
            self.lost = self._ask(lambda: self._job.held(self._lease_id).exists()) is False
        return self.lost

    def beat(self) -> None:
        """Something moves: for work that neither steps nor makes frames."""
        self._pulse.beat()

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Renew the lease while the block gets on; end the attempt, and this process with it, when it hangs."""
        done = threading.Event()
        pause = min(settings.LEASE_SECONDS / 3, max(0.1, settings.RENDER_STALL_SECONDS / 4))
        # For code that hangs without letting any other thread of Python run.
        rescue = settings.RENDER_STALL_SECONDS + settings.LEASE_SECONDS

        def watch() -> None:
            try:
                with tenant_scope(self._job.tenant_id):
                    while not done.wait(pause):
                        faulthandler.dump_traceback_later(rescue, exit=True, file=sys.__stderr__ or 2)
                        # A render that is no longer ours has until its next step.
                        patience = settings.LEASE_SECONDS if self.lost else settings.RENDER_STALL_SECONDS
                        if self._pulse.seconds() > patience:
                            self._end_hung()
                        self.renew()
            finally:
                faulthandler.cancel_dump_traceback_later()
                connection.close()

        # With the context of this thread: its log lines name the request, too.
        run = contextvars.copy_context().run
        thread = threading.Thread(target=run, args=(watch,), name=f"lease-{self._job.pk}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def renew(self) -> None:
        if self.lost:
            return
        try:
            self.lost = not self._change(lease_expires_at=lease_end())
        except DATABASE_AWAY:
            # Without the database nobody else can be given the job either.
            logger.exception("The lease of render %s could not be renewed", self._job.pk)
            connection.close()

    def _change(self, **figures: object) -> int:
        """Write to the row, if it is ours. A lost figure is written again; a frame on disk is what counts."""
        with asynchronous():
            return self._job.held(self._lease_id).update(**figures)

    def _end_hung(self) -> None:
        """Give the job back and exit: what hangs in the main thread can't be stopped in any other way."""
        stack = "".join(traceback.format_stack(sys._current_frames().get(self._thread.ident or 0)))
        cause = f"The worker hung: no step and no frame for {self._pulse.seconds():.0f} s.\n\n{stack}"
        line = logged(logger, logging.CRITICAL, "Render %s: %s", self._job.pk, cause)
        cause = f"{cause}\n\n{line.splitlines()[0]}"
        try:
            jobs.end_attempt(self._job, lease_id=self._lease_id, code="stalled", cause=cause)
        except DATABASE_AWAY:
            logger.exception("Render %s is left to the reaper", self._job.pk)
        with suppress(psutil.Error):
            for child in psutil.Process().children(recursive=True):
                child.kill()
        os._exit(HUNG)

    def _gain(self, frames_done: int) -> dict[str, object]:
        """What changes when there are more frames than any attempt had: attempts up to this one count no longer."""
        if frames_done <= self._reached:
            return {}
        return {"frames_reached": Greatest(F("frames_reached"), frames_done), "productive_attempt": F("attempts")}

    def _ask(self, query: Callable[[], T]) -> T | None:
        """The database's answer; None while it is away, which the render need not wait for."""
        if time.monotonic() < self._unasked_until:
            return None
        try:
            return query()
        except DATABASE_AWAY:
            logger.exception("Render %s goes on without the database", self._job.pk)
            connection.close()
            self._unasked_until = time.monotonic() + _QUIET_SECONDS
            return None

    def _show(self, tell: Callable[..., None], *args: object, **kwargs: object) -> None:
        """Show people how the render stands: whatever goes wrong with that, the render goes on."""
        if time.monotonic() < self._unshown_until:
            return
        try:
            tell(*args, **kwargs)
        except Exception as error:
            away = isinstance(error, RedisError)
            logger.warning("Render %s is not shown: %s", self._job.pk, error, exc_info=None if away else error)
            self._unshown_until = time.monotonic() + _QUIET_SECONDS

    def _eta(self, now: float, progress: Progress) -> float | None:
        if self._start is None or progress.frames_done <= self._start[1]:
            return None
        began, before = self._start
        return (now - began) / (progress.frames_done - before) * (progress.frames_total - progress.frames_done)


class _Pulse:
    """How long nothing has moved. Frames and steps move; so does plain work where a render loads or finishes."""

    def __init__(self) -> None:
        self._stage: Stage = "loading"
        self._moved = time.monotonic()
        self._used = 0.0

    def beat(self, stage: Stage | None = None) -> None:
        self._stage = stage or self._stage
        self._moved = time.monotonic()

    def seconds(self) -> float:
        if self._stage != "rendering":
            # Without what this thread, which watches, has had itself.
            used = processor_seconds(os.getpid()) - time.thread_time()
            if used - self._used > _NOTICEABLE_SECONDS:
                self._used = used
                self.beat()
        return time.monotonic() - self._moved
