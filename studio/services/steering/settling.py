"""Commands that are settled: by the worker that applied them, or because their render is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from config.platform.events import publish_job
from studio.models import RenderJob, SteeringCommand
from studio.rendering.deforum.steering.commands import Ack
from studio.services.jobs.charges import change_price
from studio.services.steering.lengths import take_back_extension

_OVER = {
    RenderJob.Status.COMPLETED: "The render was finished before this command could take effect.",
    RenderJob.Status.FAILED: "The render failed before this command could take effect.",
    RenderJob.Status.CANCELLED: "The render was cancelled before this command could take effect.",
}
_LONGEST_REASON = SteeringCommand._meta.get_field("refused").max_length
_STATE = SteeringCommand.State


def refuse_waiting(job: RenderJob) -> int:
    """In the transaction that ends the render: nothing that was commanded is left without an answer.

    The job is read again as far as commands have changed it. Answers the credits that were held for what was refused,
    which are the caller's to give back.
    """
    job.refresh_from_db(fields=("price", "hold", "frames_total"))
    waiting = SteeringCommand.objects.filter(job_id=job.pk, state=_STATE.WAITING).select_for_update(of=("self",))
    reason = _OVER[RenderJob.Status(job.status)]
    return sum(_refuse(job, command, reason) for command in waiting.order_by("number"))


class Read(NamedTuple):
    """What became of a command, and the frame before which it was read."""

    ack: Ack
    frame: int


def settle(job: RenderJob, acks: Sequence[Read], *, lease_id: UUID) -> None:
    """Write down what became of commands, if the render is still that worker's. What comes again, after a crash,
    changes nothing.
    """
    with transaction.atomic():
        # The row first, as whoever gives a command has it: what is refused may change the render's price.
        locked = job.held(lease_id).select_for_update(of=("self",), no_key=True).first()
        if locked is None:
            return
        numbers = [read.ack.number for read in acks]
        found = SteeringCommand.objects.filter(job=locked, number__in=numbers, state=_STATE.WAITING)
        waiting = {command.number: command for command in found}
        too_much = 0
        for ack, frame in acks:
            command = waiting.pop(ack.number, None)
            if command is None:
                continue
            command.read_at_frame = frame
            if ack.refused is not None:
                too_much += _refuse(locked, command, ack.refused, frame=ack.frame)
            else:
                _note(command, _STATE.APPLIED, frame=ack.frame, effective=dict(ack.effective))
        change_price(locked, locked.price - too_much)


def _refuse(job: RenderJob, command: SteeringCommand, reason: str, frame: int | None = None) -> int:
    """Answers the credits that were held for it."""
    if command.kind == "extend":
        take_back_extension(job, frames=int(command.body["frames"]))
    _note(command, _STATE.REFUSED, refused=reason[:_LONGEST_REASON], frame=frame)
    return command.price


def _note(
    command: SteeringCommand,
    state: str,
    *,
    frame: int | None = None,
    effective: dict[str, object] | None = None,
    refused: str = "",
) -> None:
    command.state, command.applied_at_frame = state, frame
    command.effective, command.refused, command.settled_at = effective, refused, timezone.now()
    command.save(update_fields=["state", "read_at_frame", "applied_at_frame", "effective", "refused", "settled_at"])
    publish_job(
        command.job_id,
        "ack",
        {
            "number": command.number,
            "kind": command.kind,
            "state": state,
            "applied_at_frame": frame,
            "effective": effective,
            "refused": refused or None,
        },
    )
