"""Queue entry points: ids only, the rows tell the rest."""

from __future__ import annotations

import socket
import threading

from django.conf import settings

from studio.providers import local
from studio.services.jobs.drains import is_drained
from studio.services.jobs.queue import claim_next, knock
from studio.worker import RenderWorker
from tenants.scope import tenant_scope


def render(job_id: int | None) -> None:
    """A knock on the door: some render waits, probably this one. Claims whichever is due and renders it.

    A worker that was drained while it listened passes the knock on.
    """
    if not render_due() and is_drained(_worker_name()):
        knock(*settings.RENDER_QUEUES)


def render_due() -> bool:
    """Claim the render that is due and render it; answers whether there was one."""
    worker = RenderWorker.current
    queues = worker.queue_names() if worker else list(settings.RENDER_QUEUES)
    # By priority, whatever the order of the worker's command line.
    due = [queue for queue in settings.RENDER_QUEUES if queue in queues]
    job = claim_next(worker=_worker_name(), queues=due)
    if job is None:
        return False
    with tenant_scope(job.tenant_id):
        local.run(job, stopping=worker.stopping if worker else threading.Event())
    return True


def _worker_name() -> str:
    return RenderWorker.current.name if RenderWorker.current else socket.gethostname()
