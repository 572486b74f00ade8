"""Renders: submit, cancel, finish, give back. Every change of a job's state happens here or in the claim."""

from __future__ import annotations

import logging
import shutil
from functools import partial
from itertools import islice
from typing import Unpack
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone

from accounts.models import User
from accounts.services.profiles import lock_user
from config.api.errors import Conflict, DomainError, NotFound, Unauthenticated
from config.platform.locks import waited_too_long
from config.platform.logs import current_request_id
from effects.services import record_use
from studio.models import MediaFile, QueueTotal, RenderJob, Video
from studio.models.jobs import lease_end, seconds_from_now
from studio.providers import LOCAL, hand_over, take_back
from studio.requests.parsing import restore
from studio.services.files.store import drop_files, keep_file
from studio.services.jobs.attempts import uncounted
from studio.services.jobs.charges import capture_price, change_price, hold_price, release_price, render_price
from studio.services.jobs.queue import knock, move_from_unknown_queues, queue_for, wake_worker
from studio.services.jobs.states import show_on_video
from studio.services.jobs.turns import check_users, recount_totals, ripen
from studio.services.steering.lengths import settle_length
from studio.services.steering.settling import refuse_waiting
from studio.services.videos import plans
from studio.services.videos.prepared import PreparedRender, Wish, prepare_render
from tenants import runtime
from tenants.scope import all_tenants, tenant_scope

logger = logging.getLogger(__name__)

GAVE_UP = "The render was interrupted too often and was given up."
LONGEST_CAUSE = 10_000
USERS_AT_ONCE = 100
JOBS_AT_ONCE = 500

_checked_user = _checked_shard = 0


def submit_render(**wish: Unpack[Wish]) -> RenderJob:
    """Draw up a render of the video and queue it; not within a transaction. Raises what both steps raise."""
    return queue_render(prepare_render(**wish))


def queue_render(prepared: PreparedRender) -> RenderJob:
    """Queue what was drawn up. The row is written first; workers are woken when it is committed.

    Its price is held until the render ends. Raises DomainError ``switched_off``, ``video_busy``, ``too_many_jobs``,
    ``insufficient_credits`` and ``conflict``; NotFound when the video or its new source was deleted meanwhile.
    """
    runtime.require("RENDERS_OPEN")
    user, draft = prepared.user, prepared.draft
    parameters = draft.request.to_parameters()
    with transaction.atomic():
        # One address for the lock: two requests of one user count the active jobs one after the other.
        if not lock_user(user.pk).is_active:
            raise Unauthenticated("This account is blocked or has ended")
        video = _lock_as_drafted(prepared)
        _ensure_below_limit(user)
        frames = draft.plan.frames_to_render
        model_price = render_price(model_file=draft.model_file, purpose=prepared.purpose, frames=draft.new_frames)
        applied = prepared.effect if prepared.purpose == RenderJob.Purpose.FINAL else None
        job = RenderJob.objects.create(
            tenant_id=video.tenant_id,
            video=video,
            owner=user,
            purpose=prepared.purpose,
            workflow=draft.plan.workflow,
            provider=prepared.provider,
            effect=applied,
            model_file=draft.model_file,
            parameters=parameters,
            plan=draft.plan.to_json(),
            continues=draft.continues,
            queue=queue_for(purpose=prepared.purpose, frames=frames, priority=prepared.priority),
            priority=prepared.priority or 0,
            frames_total=frames,
            price=model_price if applied is None else applied.credits_cost,
            request_id=current_request_id() or "",
        )
        show_on_video(job, parameters=parameters, effect=prepared.effect, **prepared.changes)
        # Last: all renders of a company may be paid from one wallet, and wait for each other from here on.
        hold_price(job)
        transaction.on_commit(partial(_announce, job))
    return job


def cancel_render(job: RenderJob, *, only_paused: bool = False) -> RenderJob:
    """Cancel a render that is queued, running or paused; a finished one stays what it is.

    A running one loses its lease, which its worker notices before the next denoising step.
    """
    with transaction.atomic():
        while job.is_active and (job.status == RenderJob.Status.PAUSED or not only_paused):
            if job.move(
                RenderJob.Status.CANCELLED, lease_id=None, lease_expires_at=None, eta_seconds=None, paused_at=None,
                finished_at=timezone.now(),
            ):  # fmt: skip
                refuse_waiting(job)
                show_on_video(job)
                release_price(job)
                transaction.on_commit(partial(_withdraw, job))
                break
    return job


def cancel_all_of(user: User) -> int:
    """Cancel every render of the user that is not over; answers how many. Each in a transaction of its own."""
    active = list(RenderJob.objects.active().filter(owner=user).order_by("pk"))
    for job in active:
        with tenant_scope(job.tenant_id):
            cancel_render(job)
    return len(active)


def cancel_video(video: Video) -> RenderJob | None:
    """Cancel the video's active render; answers its newest render, None when it never had one."""
    jobs = RenderJob.objects.filter(video=video)
    job = jobs.active().first() or jobs.first()
    return cancel_render(job) if job else None


def complete_render(
    job: RenderJob,
    *,
    lease_id: UUID,
    files: dict[str, MediaFile],
    seconds_per_frame: float | None,
    frames: int | None = None,
) -> bool:
    """The render is done and its files are stored. Answers False, and drops the files, when the lease was lost.

    frames: how many the film has, where a console may have changed that; only those are paid.
    """
    with transaction.atomic():
        done = job.move(
            RenderJob.Status.COMPLETED,
            holding=lease_id,
            lease_id=None,
            lease_expires_at=None,
            progress=100.0,
            frames_done=job.frames_total,
            eta_seconds=0.0,
            finished_at=timezone.now(),
            seconds_per_frame=seconds_per_frame,
            error="",
            error_code="",
            **files,
        )
        if done:
            too_late = refuse_waiting(job)
            price = job.price - too_late
            if frames is not None:
                price = settle_length(job, frames, price=price)
            if job.effect_id is not None:
                record_use(job.effect_id)
            show_on_video(job, **({"output": files["output"]} if job.purpose == RenderJob.Purpose.FINAL else {}))
            # Last: all renders of a company may be paid from one wallet, and wait for each other from here on.
            change_price(job, price)
            capture_price(job)
    if not done:
        drop_files(list(files.values()))
    return done


def fail_render(job: RenderJob, *, lease_id: UUID | None, code: str, message: str, cause: str = "") -> bool:
    """The render can't be done; ``message`` is for the user, ``cause`` for staff."""
    with transaction.atomic():
        failed = job.move(
            RenderJob.Status.FAILED,
            holding=lease_id,
            lease_id=None,
            lease_expires_at=None,
            eta_seconds=None,
            finished_at=timezone.now(),
            error=message,
            error_code=code,
            cause=cause or job.cause or f"{code}: {message}",
        )
        if failed:
            refuse_waiting(job)
            show_on_video(job)
            release_price(job)
            transaction.on_commit(partial(_withdraw, job))
    return failed


def give_back(
    job: RenderJob, *, lease_id: UUID | None, count_attempt: bool, wait: bool = False, cause: str = ""
) -> bool:
    """Back into the queue, finished frames kept.

    The attempt counts when its worker died or hung, not when the worker shuts down or a part of ours is away. With
    ``wait`` the job is not claimed for RENDER_RETRY_SECONDS. ``cause`` is for staff.
    """
    with transaction.atomic():
        back = job.move(
            RenderJob.Status.QUEUED,
            holding=lease_id,
            lease_id=None,
            lease_expires_at=None,
            eta_seconds=None,
            not_before=seconds_from_now(settings.RENDER_RETRY_SECONDS) if wait else None,
            cause=cause or job.cause,
            **({} if count_attempt else uncounted()),
        )
        if back:
            show_on_video(job)
            if not wait:
                transaction.on_commit(partial(_announce, job))
    return back


def end_attempt(job: RenderJob, *, lease_id: UUID | None, code: str, cause: str) -> RenderJob:
    """End an attempt whose worker died or hung: the next one goes on, unless this was the last without a new frame.

    Answers the row as it is then.
    """
    held = job.held(lease_id).first() if lease_id else None
    if held is None:
        job.refresh_from_db()
        return job
    if held.fruitless_attempts >= settings.MAX_ATTEMPTS:
        fail_render(held, lease_id=lease_id, code=code, message=GAVE_UP, cause=cause)
    else:
        give_back(held, lease_id=lease_id, count_attempt=True, cause=cause)
    return held


def reap(*, limit: int = JOBS_AT_ONCE) -> dict[str, int]:
    """Give dead workers' jobs to others (fail them after the last attempt), cancel what was paused for too long, and
    knock for jobs that wait unheard.

    ``limit`` jobs of each kind at most; the next round has the others.
    """
    counts = {"requeued": 0, "failed": 0, "cancelled": 0, "knocked": 0}
    with all_tenants():
        for job in RenderJob.objects.abandoned().order_by("lease_expires_at")[:limit]:
            cause = f"Worker {job.worker} renewed its lease last at {job.lease_expires_at}.\n\n{job.cause}".strip()
            try:
                ended = end_attempt(job, lease_id=job.lease_id, code="worker_lost", cause=cause[:LONGEST_CAUSE])
            except OperationalError as error:
                if not waited_too_long(error):
                    raise
                logger.warning("The row of render %s is held, perhaps by its worker; the others go first", job.pk)
                continue
            counts["requeued"] += ended.status == RenderJob.Status.QUEUED
            counts["failed"] += ended.status == RenderJob.Status.FAILED
        for job in RenderJob.objects.forgotten().order_by("paused_at")[:limit]:
            counts["cancelled"] += cancel_render(job, only_paused=True).status == RenderJob.Status.CANCELLED
        _bring_near()
        ripen()
        move_from_unknown_queues()
        counts["knocked"] = knock(*settings.RENDER_QUEUES)
    return counts


def _bring_near() -> None:
    """The database's clock has jumped back: what lies further ahead than any lease and any wait is counted from now.

    A living worker renews its lease as ever; a dead one's runs out in its time.
    """
    leased = RenderJob.objects.running().filter(lease_expires_at__gt=lease_end())
    for pk in list(leased.values_list("pk", flat=True)[:JOBS_AT_ONCE]):
        leased.filter(pk=pk).update(lease_expires_at=lease_end())
    soon = seconds_from_now(settings.RENDER_RETRY_SECONDS)
    delayed = RenderJob.objects.queued().filter(not_before__gt=soon)
    for pk in list(delayed.values_list("pk", flat=True)[:JOBS_AT_ONCE]):
        delayed.filter(pk=pk).update(not_before=soon)


def check_counters() -> int:
    """Check the queue's counters of the next USERS_AT_ONCE users and of one shard; answers how many were wrong.

    Where it stands is this process's own: another begins anew.
    """
    global _checked_user, _checked_shard
    with all_tenants():
        wrong, _checked_user = check_users(after=_checked_user, limit=USERS_AT_ONCE)
        wrong += recount_totals(_checked_shard)
    _checked_shard = (_checked_shard + 1) % QueueTotal.SHARDS
    return wrong


def sweep_work_dirs() -> int:
    """Remove the work folders of renders that are over; answers how many."""
    if not settings.WORK_DIR.exists():
        return 0
    folders = {int(p.name.removeprefix("job-")): p for p in settings.WORK_DIR.glob("job-*") if p.name[4:].isdigit()}
    swept = 0
    rows = iter(folders.items())
    while some := list(islice(rows, JOBS_AT_ONCE)):
        with all_tenants():
            found = RenderJob.objects.active().filter(pk__in=[pk for pk, _ in some])
            alive = set(found.values_list("pk", flat=True))
        for pk, path in some:
            if pk not in alive:
                shutil.rmtree(path, ignore_errors=True)
                swept += 1
    return swept


def retry_render(job: RenderJob) -> RenderJob:
    """Ask again for a render that failed or was cancelled: a new row with the same parameters.

    Not within a transaction. Raises DomainError, and ValidationFailed for an old one whose parameters can't be asked
    for today.
    """
    with tenant_scope(job.tenant_id):
        return queue_render(prepare_again(job))


def prepare_again(job: RenderJob) -> PreparedRender:
    """The first half of ``retry_render``, which queues nothing yet."""
    if job.status not in (RenderJob.Status.FAILED, RenderJob.Status.CANCELLED):
        raise DomainError("not_retryable", "Only a failed or cancelled render can be tried again.")
    with tenant_scope(job.tenant_id):
        return prepare_render(
            video=job.video,
            user=job.owner,
            purpose=RenderJob.Purpose(job.purpose),
            request=restore(job.workflow, job.parameters),
            priority=job.priority or None,
            provider=job.provider,
            effect=job.effect or job.video.effect,
            again=job,
        )


def lock_video(video: Video) -> Video:
    """The video as it is now, locked until the transaction ends. Raises NotFound when it was deleted meanwhile."""
    found = Video.objects.select_for_update(of=("self",)).filter(pk=video.pk, deleted_at=None).first()
    if found is None:
        raise NotFound("Video not found")
    return found


def _lock_as_drafted(prepared: PreparedRender) -> Video:
    """The video, made or locked, with its new source kept. What a second request made of it is not what was drafted."""
    video = prepared.video
    if video.pk is not None:
        video = lock_video(video)
        plans.ensure_not_busy(video)
        if (video.type, video.source_id) != (prepared.video.type, prepared.video.source_id):
            raise Conflict("This video was changed at the same time")
    if prepared.new_source is not None:
        keep_file(prepared.new_source)
    if video.pk is None:
        video.save(force_insert=True)
    return video


def _announce(job: RenderJob) -> None:
    """Tell whoever runs it that the job waits."""
    if job.provider == LOCAL:
        wake_worker(job)
        return
    # The transaction may have been entered in another scope than it is left in.
    with tenant_scope(job.tenant_id):
        try:
            hand_over(job)
        except OSError:
            logger.exception("Render %s could not be handed to its provider", job.pk)
            message = "The encoder outside can't be reached."
            fail_render(job, lease_id=None, code="provider_unavailable", message=message)
        # It may have been cancelled before there was a ticket to take back.
        if not RenderJob.objects.active().filter(pk=job.pk).exists():
            _withdraw(job)


def _withdraw(job: RenderJob) -> None:
    """Leave nothing of a render that is over with who was to run it."""
    try:
        take_back(job)
    except OSError:
        logger.exception("The ticket of render %s could not be taken back", job.pk)


def _ensure_below_limit(user: User) -> None:
    active = RenderJob.objects.active().filter(owner=user).count()
    if active >= (limit := runtime.whole("MAX_ACTIVE_JOBS")):
        raise DomainError(
            "too_many_jobs",
            f"You have {active} active jobs; at most {limit} are allowed at a time.",
            data={"active_jobs": active, "limit": limit},
        )
