"""Renders on this machine: the frozen plan goes into ``studio.rendering``, files and figures come out."""

from __future__ import annotations

import logging
import shutil
import tarfile
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import ProtectedError

from config.platform.logs import log_context, logged
from studio.models import MediaFile, RenderJob
from studio.providers.folders import alone_in, tidy
from studio.providers.inputs import ensure_present, fetch_inputs
from studio.providers.renderer import renderer
from studio.providers.steered import SteeredPort
from studio.rendering.errors import Cancelled, Paused, RenderError, Stalled
from studio.rendering.plan import RenderPlan
from studio.rendering.ports import RenderInputs, RenderResult
from studio.services.files.store import drop_files, store_file
from studio.services.jobs import lifecycle as jobs
from studio.services.jobs.causes import DATABASE_AWAY, cause_of, is_ours, storage_away
from studio.services.jobs.pauses import pause_render

logger = logging.getLogger(__name__)

OUR_FAULT = "The render failed for a reason that is our fault."

_ASK_AGAIN_SECONDS = 1.0


def run(job: RenderJob, *, stopping: threading.Event) -> None:
    """Render a claimed job to its end, whichever that is.

    Only the render's own fault fails it. When a part of ours is (the database, the storage, a full disk), it goes back
    into the queue, finished frames kept.
    """
    lease_id = job.lease_id
    assert lease_id is not None, "a claimed job has a lease"
    with log_context(request_id=job.request_id or None, job=job.pk):
        try:
            port = SteeredPort(job, lease_id, stopping)
        except OSError as error:
            _settle(_verdict(job, lease_id, error), lambda: None, stopping)
            return
        with port.heartbeat():
            try:
                with alone_in(port.work_dir, seconds=settings.LEASE_SECONDS, should_stop=port.should_stop):
                    _render_and_store(job, lease_id, port, stopping)
            except (Cancelled, Paused) as ended:
                if not port.lost:
                    # Whoever stops a worker does not resume what stands still.
                    pause = isinstance(ended, Paused) or port.is_paused
                    _settle(partial(_pause if pause else _give_back, job, lease_id), port.beat, stopping)
            except Exception as error:  # noqa: BLE001 - whatever it is, the row is told what ended the attempt
                if is_ours(error) and not port.lost:
                    tidy(port.work_dir)
                _settle(_verdict(job, lease_id, error), port.beat, stopping)
            finally:
                port.close()
        _settle(partial(_sweep, job, port.work_dir), port.beat, stopping)


def _verdict(job: RenderJob, lease_id: UUID, error: Exception) -> Callable[[], object]:
    """What to tell the row of an attempt that ended with the error."""
    cause = cause_of(error)
    if is_ours(error):
        line = logged(logger, logging.ERROR, "Render %s waits: it met a fault of ours", job.pk, error=error)
        return partial(_give_back, job, lease_id, wait=True, cause=f"{cause}\n\n{line}")
    if isinstance(error, Stalled):
        line = logged(logger, logging.ERROR, "Render %s hangs", job.pk, error=error)
        return partial(jobs.end_attempt, job, lease_id=lease_id, code=error.code, cause=f"{cause}\n\n{line}")
    line = logged(logger, logging.ERROR, "Render %s failed", job.pk, error=error)
    code, message = (error.code, error.message) if isinstance(error, RenderError) else ("internal_error", OUR_FAULT)
    return partial(_fail, job, lease_id, code=code, message=message, cause=f"{cause}\n\n{line}")


def _give_back(job: RenderJob, lease_id: UUID, *, wait: bool = False, cause: str = "") -> None:
    # The row as it is: a transaction whose end was lost may have moved it, or not.
    held = job.held(lease_id).first()
    if held is not None:
        jobs.give_back(held, lease_id=lease_id, count_attempt=False, wait=wait, cause=cause)


def _pause(job: RenderJob, lease_id: UUID) -> None:
    held = job.held(lease_id).first()
    if held is not None:
        pause_render(held, lease_id=lease_id)


def _fail(job: RenderJob, lease_id: UUID, *, code: str, message: str, cause: str) -> None:
    held = job.held(lease_id).first()
    if held is not None:
        jobs.fail_render(held, lease_id=lease_id, code=code, message=message, cause=cause)


def _settle(tell: Callable[[], object], beat: Callable[[], None], stopping: threading.Event) -> None:
    """Tell the database how it ended, as soon as it answers. A worker that is asked to stop leaves it to the reaper."""
    while True:
        try:
            tell()
            return
        except DATABASE_AWAY:
            logger.exception("The database does not answer; trying again")
            connection.close()
        beat()
        if stopping.wait(_ASK_AGAIN_SECONDS):
            return


def _sweep(job: RenderJob, folder: Path) -> None:
    job.refresh_from_db()
    if not job.is_active:
        shutil.rmtree(folder, ignore_errors=True)


def _render_and_store(job: RenderJob, lease_id: UUID, port: SteeredPort, stopping: threading.Event) -> None:
    plan = RenderPlan.from_json(job.plan)
    before = job.frames_done
    inputs = fetch_inputs(job, plan, port.work_dir)
    result = _render(job, plan, inputs, port)
    port.finish()
    rendered = result.frames - max(before, job.continues.frames_total if job.continues else 0)
    # What is made twice tells nothing of the pace of the others.
    telling = rendered > 0 and not port.rewound
    seconds_per_frame = (result.seconds - port.paused_seconds) / rendered if telling else None
    files: dict[str, MediaFile] = {}
    try:
        _store(job, plan, result, files)
        jobs.complete_render(
            job, lease_id=lease_id, files=files, seconds_per_frame=seconds_per_frame, frames=result.frames
        )
    except Exception:
        _settle(partial(_drop_unnamed, files), port.beat, stopping)
        raise


def _render(job: RenderJob, plan: RenderPlan, inputs: RenderInputs, port: SteeredPort) -> RenderResult:
    try:
        return renderer()(plan, inputs, port)
    except (Cancelled, Paused):
        raise
    except (RenderError, FileNotFoundError) as error:
        try:
            ensure_present(job, inputs)
        except RenderError as missing:
            raise missing from error
        raise


def _drop_unnamed(files: dict[str, MediaFile]) -> None:
    """Remove what was stored for a row that does not name it: the next attempt stores its own."""
    for file in files.values():
        try:
            drop_files([file])
        except ProtectedError:
            # The row was moved after all, though nobody heard of it.
            return
        except Exception as error:
            if not isinstance(error, (OSError, *storage_away())):
                raise
            logger.exception("File %s stays behind", file.pk)


def _store(job: RenderJob, plan: RenderPlan, result: RenderResult, stored: dict[str, MediaFile]) -> None:
    """Fill ``stored`` with what was made, one by one: whoever asked knows what is there if this breaks off."""
    kind = MediaFile.Kind
    output = kind.PREVIEW if job.purpose == RenderJob.Purpose.PREVIEW else kind.OUTPUT
    apart = {"output": result.video, "checkpoint": _pack(result.checkpoint)}
    for name in RenderJob.FILES:
        path = apart.get(name) or getattr(result, name)
        stored[name] = store_file(path=path, owner=job.owner, kind=output if name == "output" else kind(name))
    MediaFile.objects.filter(pk=stored["output"].pk).update(
        width=result.width,
        height=result.height,
        fps=plan.fps,
        frame_count=result.frames,
        duration=float(result.frames / plan.rate),
    )


def _pack(folder: Path) -> Path:
    """One tar of a checkpoint folder; its parts are compressed already."""
    target = folder.with_suffix(".tar")
    with tarfile.open(target, "w") as tar:
        tar.add(folder, arcname=".")
    return target
