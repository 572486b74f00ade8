"""Commands that are settled: by the worker that applied them, or because their render is over."""

from __future__ import annotations

from django.utils import timezone

from studio.models import RenderJob, SteeringCommand

_OVER = {
    RenderJob.Status.COMPLETED: "The render was finished before this command could take effect.",
    RenderJob.Status.FAILED: "The render failed before this command could take effect.",
    RenderJob.Status.CANCELLED: "The render was cancelled before this command could take effect.",
}


def refuse_waiting(job: RenderJob) -> None:
    """In the transaction that ends the render: nothing that was commanded is left without an answer."""
    reason = _OVER[RenderJob.Status(job.status)]
    SteeringCommand.objects.filter(job_id=job.pk, state=SteeringCommand.State.WAITING).update(
        state=SteeringCommand.State.REFUSED, refused=reason, settled_at=timezone.now()
    )
