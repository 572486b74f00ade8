"""Workers that are drained: each ends the render that it has, and claims no other until it is resumed.

The row is read before every claim, so a drain holds whatever becomes of Redis, and a machine's outlives its workers.
"""

from __future__ import annotations

import socket

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.services.audit import record
from config.api.errors import Conflict, NotFound
from config.api.why import check_reason
from studio.models import RenderJob, WorkerDrain
from studio.services.jobs.workers import reports
from tenants.scope import all_tenants


def is_drained(worker: str) -> bool:
    """Whether this worker, which runs on this machine, shall claim nothing."""
    return WorkerDrain.objects.filter(name__in=(worker, socket.gethostname())).exists()


def drain(name: str, *, by: User, reason: str) -> WorkerDrain:
    """Drain a worker, or all of a machine. Raises NotFound for neither, Conflict when it is drained already, and
    Unavailable when nobody knows who there is.
    """
    reason = check_reason(reason)
    if not _is_known(name):
        raise NotFound("There is no such worker, and no such machine")
    try:
        with transaction.atomic():
            drained = WorkerDrain.objects.create(name=name, by=by, reason=reason)
            record("worker.drained", actor=by, worker=name, before="working", after="drained", reason=reason)
    except IntegrityError:
        raise Conflict(f"{name} is drained already.") from None
    return drained


def resume(name: str, *, by: User, reason: str) -> None:
    """Let it claim again. Raises Conflict when it was not drained."""
    reason = check_reason(reason)
    with transaction.atomic():
        if not WorkerDrain.objects.filter(name=name).delete()[0]:
            raise Conflict(f"{name} is not drained, or somebody has resumed it.")
        record("worker.resumed", actor=by, worker=name, before="drained", after="working", reason=reason)


def _is_known(name: str) -> bool:
    if any(name in (one["name"], one["machine"]) for one in reports()):
        return True
    if "\0" in name:
        return False
    with all_tenants():
        return RenderJob.objects.running().filter(worker=name).exists()
