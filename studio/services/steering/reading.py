"""Commands as the worker of a render reads them."""

from __future__ import annotations

from typing import Any

from config.api.errors import ValidationFailed
from studio.models import RenderJob, SteeringCommand
from studio.rendering.deforum.steering.commands import Command
from studio.services.catalogue.models import name_loras_by_file

AT_ONCE = 100

_STATE = SteeringCommand.State


def to_be_read(job: RenderJob, *, after: int, frame: int) -> list[Command]:
    """The commands above the number ``after`` that are due before ``frame``, in order.

    What waits is due. What an earlier attempt has applied comes again where this one goes on from an older state, as it
    does on a machine that has not the other's files: each before the frame that it was read at, so that the film is the
    same.
    """
    found = SteeringCommand.objects.filter(job=job, number__gt=after).exclude(state=_STATE.REFUSED)
    due: list[Command] = []
    for command in found.order_by("number")[:AT_ONCE]:
        if command.state == _STATE.APPLIED and (command.read_at_frame or 0) > frame:
            break
        body = _by_file(command.body) if command.kind == "prompt" else command.body
        due.append(Command(command.number, command.kind, body))
    return due


def _by_file(body: dict[str, Any]) -> dict[str, Any]:
    """A prompt's texts whose LoRA tags name files, as those of the plan do. What isn't installed stays as it is."""
    texts = {name: text for name, text in body.items() if isinstance(text, str) and "<lora:" in text}
    try:
        return {**body, **name_loras_by_file(texts)[0]} if texts else body
    except ValidationFailed:
        return body
