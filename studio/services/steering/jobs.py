"""The renders that somebody may look into while they run: their owner, and administrators."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from accounts.models import User
from config.api.errors import DomainError, NotFound
from studio.models import RenderJob, Video
from studio.providers import LOCAL
from tenants.scope import all_tenants, tenant_scope


@contextmanager
def seen_job(*, user: User, job_id: int) -> Iterator[RenderJob]:
    """The user's own render, or anybody's for an administrator; the block is in its tenant. For all others there is
    none.
    """
    if user.is_administrator:
        with all_tenants():
            job = _found(job_id)
    else:
        job = _found(job_id)
    if job is None or not (job.owner_id == user.pk or user.is_administrator):
        raise NotFound("There is no such render")
    with tenant_scope(job.tenant_id):
        yield job


def ensure_steerable(job: RenderJob) -> None:
    """Raises DomainError for a render that no console can steer: one that is no animation, is not made here, or was
    bought as an effect.
    """
    if job.workflow != Video.Type.DEFORUM or job.provider != LOCAL:
        raise DomainError("not_steerable", "Only animations that are rendered here can be steered.")
    if job.effect_id is not None:
        raise DomainError("not_steerable", "This render is an effect, and is made as it was bought.")


def ensure_unfinished(job: RenderJob) -> None:
    """Raises DomainError for a render that is over: nothing can be commanded any more."""
    if not job.is_active:
        raise DomainError("job_finished", f"This render is {job.status}.", 409, data={"job_status": job.status})


def _found(job_id: int) -> RenderJob | None:
    jobs = RenderJob.objects.select_related("video", "owner").filter(pk=job_id, video__deleted_at=None)
    return jobs.first()
