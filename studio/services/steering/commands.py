"""Commands to a render: numbered, checked, written down, and then the worker's bell is rung."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from django.db import transaction

from accounts.models import User
from config.api.errors import DomainError, Forbidden, ValidationFailed
from studio.models import RenderJob, Steering, SteeringCommand
from studio.rendering.deforum.settings import import_settings
from studio.rendering.deforum.steering.commands import Action, Command, Extend, Prompt, parse
from studio.rendering.deforum.steering.reading import Refused
from studio.rendering.deforum.steering.table import steerable_names
from studio.rendering.plan import DeforumParams, RenderPlan
from studio.services.blocked_phrases import Said, refuse_blocked
from studio.services.jobs.charges import change_price
from studio.services.jobs.pauses import WAKING, resume_render
from studio.services.steering.bell import ring
from studio.services.steering.controls import controlled, read_epoch, renewed
from studio.services.steering.jobs import ensure_steerable, ensure_unfinished
from studio.services.steering.lengths import check_extension, extend

MAX_WAITING = 500
"""Commands that may wait for one render; more come from a client that listens to no answer."""


@dataclass(frozen=True)
class Given:
    """A command as it is stored. ``repeated``: it had been given before."""

    command: SteeringCommand
    repeated: bool


def read_command(kind: str, body: Mapping[str, object], *, names: Sequence[str] | None = None) -> Action:
    """What the body asks for. Raises ValidationFailed with everything that is wrong with it."""
    try:
        return parse(Command(0, kind, body), names=names)
    except Refused as refused:
        raise ValidationFailed({field: [reason] for field, reason in refused.faults.items()}) from refused


def give_command(
    *, job: RenderJob, user: User, token: str, number: int, kind: str, body: Mapping[str, object]
) -> Given:
    """Write a command down for the worker, which applies it at its next diffused frame.

    The same number with the same command answers what is stored, whatever has become of the render meanwhile. Raises
    Forbidden ``not_controller``, DomainError ``job_finished``, ``control_lost`` or ``stale_number`` (409), what
    :func:`read_command` raises, ``prompt_refused``, and for frames more what ``submit_render`` does.
    """
    ensure_steerable(job)
    try:
        read_epoch(job, user, token)
    except Forbidden:
        # There is nothing to take the controls of.
        ensure_unfinished(job)
        raise
    action = read_command(kind, body, names=steerable_in(job))
    if isinstance(action, Extend) and not SteeringCommand.objects.filter(job=job, number=number).exists():
        check_extension(job, action.frames)
    with transaction.atomic():
        # Whoever ends or pauses the render moves this row: it finds the command, or the command finds it so.
        job = RenderJob.objects.select_for_update(of=("self",), no_key=True).get(pk=job.pk)
        stored = SteeringCommand.objects.filter(job=job, number=number).first()
        if stored is not None and (stored.kind, stored.body) == (kind, body):
            return Given(stored, repeated=True)
        ensure_unfinished(job)
        if isinstance(action, Prompt):
            refuse_blocked(said_by_command(_in_force(job, number, action)))
        steering = controlled(job, user, token)
        if number <= steering.last_number:
            raise DomainError(
                "stale_number",
                f"Commands up to {steering.last_number} have been given; number this one higher.",
                409,
                data={"last_number": steering.last_number},
            )
        _ensure_room(job)
        command = SteeringCommand(tenant_id=job.tenant_id, job=job, number=number, kind=kind, body=body)
        if isinstance(action, Extend):
            command.price = extend(job, frames=action.frames)
        command.save(force_insert=True)
        Steering.objects.filter(pk=steering.pk).update(last_number=number)
        renewed(steering)
        if kind in WAKING:
            resume_render(job)
        # Last, as wherever a wallet is locked.
        change_price(job, job.price + command.price)
        transaction.on_commit(partial(ring, job.pk))
    return Given(command, repeated=False)


def steerable_in(job: RenderJob) -> tuple[str, ...]:
    """The parameters that this animation looks at."""
    params = RenderPlan.from_json(job.plan).params if job.plan else None
    if not isinstance(params, DeforumParams):
        return ()
    settings, _ = import_settings(params.settings)
    return steerable_names(settings, controlnets=len(params.controlnets))


def commands_after(job: RenderJob, number: int) -> list[SteeringCommand]:
    """What was commanded above the number, in order; at most as much as may wait."""
    return list(SteeringCommand.objects.filter(job=job, number__gt=number).order_by("number")[:MAX_WAITING])


def _in_force(job: RenderJob, number: int, prompt: Prompt) -> Prompt:
    """The live prompt once the command is obeyed: what earlier ones have said and this one leaves as it is, too."""
    earlier = SteeringCommand.objects.filter(job=job, kind="prompt", number__lt=number).order_by("-number")
    for body in earlier.values_list("body", flat=True)[:MAX_WAITING]:
        before = read_command("prompt", body)
        if isinstance(before, Prompt):
            prompt = replace(
                prompt,
                a=before.a if prompt.a is None else prompt.a,
                b=before.b if prompt.b is None else prompt.b,
                negative=before.negative if prompt.negative is None else prompt.negative,
                bindings={**before.bindings, **prompt.bindings},
            )
    return prompt


def said_by_command(prompt: Prompt) -> list[Said]:
    """What a command has a prompt say, with what it binds in the places of the names."""
    bound = {name: binding for name, binding in prompt.bindings.items() if binding is not None}
    said = [Said(f"bindings.{name}.{side}", getattr(it, side)) for name, it in bound.items() for side in ("a", "b")]
    for field in ("a", "b", "negative"):
        text = getattr(prompt, field) or ""
        whole = {text, *(_filled(text, {name: getattr(it, side) for name, it in bound.items()}) for side in ("a", "b"))}
        said += [Said(field, each, negative=field == "negative") for each in sorted(whole)]
    return said


def _filled(text: str, bound: Mapping[str, str]) -> str:
    for name, words in bound.items():
        text = text.replace(f"{{{{{name}}}}}", words)
    return text


def _ensure_room(job: RenderJob) -> None:
    waiting = SteeringCommand.objects.filter(job=job, state=SteeringCommand.State.WAITING).count()
    if waiting >= MAX_WAITING:
        raise DomainError(
            "too_many_commands",
            f"{waiting} commands wait for this render; at most {MAX_WAITING} may.",
            data={"waiting": waiting, "limit": MAX_WAITING},
        )
