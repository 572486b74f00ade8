"""Who steers a render: one page at a time, which shows that it is there, and anybody else once it is not.

A page that takes the controls gets a token. It is good until the controls change hands, and for
``CONTROL_LEASE_SECONDS`` after it was last used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User
from config.api.envelope import iso
from config.api.errors import DomainError, Forbidden, ValidationFailed
from config.platform.events import publish_job
from studio.models import RenderJob, Steering
from studio.models.jobs import seconds_from_now
from studio.services.steering.jobs import ensure_steerable, ensure_unfinished

_SALT = "studio.controls"


@dataclass(frozen=True)
class Grant:
    """The controls, for whoever has the token."""

    token: str
    expires_at: datetime


@transaction.atomic
def take(*, job: RenderJob, user: User, token: str = "", force: bool = False) -> Grant:
    """The controls, unless another page has them and shows that it is there; ``force`` is the owner's word.

    With the token of whoever has them they are renewed. An administrator has them only when the owner hands them
    over. Raises DomainError ``control_held`` (409) with who has them until when.
    """
    ensure_steerable(job)
    ensure_unfinished(job)
    steering = _locked(job)
    mine = _is_for(steering, user, token)
    held = steering.controller_id is not None and _is_live(steering)
    meant_for_me = steering.controller_id == user.pk and steering.offered
    if held and not (mine or meant_for_me or (force and user.pk == job.owner_id)):
        raise _held(steering)
    if user.pk != job.owner_id and not (held and (mine or meant_for_me)):
        raise Forbidden("The controls of this render have not been handed to you", "not_controller")
    if held and mine and not steering.offered:
        return Grant(token, renewed(steering))
    steering.epoch += 1
    steering.controller, steering.offered = user, False
    expires_at = renewed(steering)
    _tell(steering)
    return Grant(_token(steering), expires_at)


@transaction.atomic
def renew(*, job: RenderJob, user: User, token: str) -> Grant:
    """Show that the page is there. Raises DomainError as :func:`controlled` does."""
    return Grant(token, renewed(controlled(job, user, token)))


@transaction.atomic
def release(*, job: RenderJob, user: User, token: str) -> None:
    """Leave the controls to whoever wants them."""
    steering = controlled(job, user, token)
    _leave(steering)
    _tell(steering)


@transaction.atomic
def hand_over(*, job: RenderJob, user: User, token: str, to: User | None) -> datetime:
    """Leave the controls to another page of the owner, or of an administrator; nobody else can take them meanwhile.

    Answers until when they can be taken. Raises ValidationFailed for somebody who can't see the render.
    """
    steering = controlled(job, user, token)
    steering.controller, steering.offered = to or job.owner, True
    steering.epoch += 1
    expires_at = renewed(steering)
    _tell(steering)
    return expires_at


def receiver(job: RenderJob, user_id: int | None) -> User | None:
    """Whom the controls of the render can be handed to. Raises ValidationFailed."""
    if user_id is None:
        return None
    to = User.objects.filter(pk=user_id, is_active=True).first()
    if to is None or not (to.pk == job.owner_id or to.is_administrator):
        raise ValidationFailed({"to": ["Nobody of this number can see the render."]})
    return to


def controlled(job: RenderJob, user: User, token: str) -> Steering:
    """The controls, locked, which this token is good for.

    Raises Forbidden ``not_controller`` for what is no token of the user's for this render, and DomainError
    ``control_lost`` (409) for one that was good once.
    """
    epoch = read_epoch(job, user, token)
    steering = _locked(job)
    if steering.epoch != epoch or steering.offered or steering.controller_id != user.pk or not _is_live(steering):
        raise DomainError("control_lost", "You no longer have the controls of this render.", 409)
    return steering


def read_epoch(job: RenderJob, user: User, token: str) -> int:
    """Which hold of the controls the token was given for. Raises Forbidden ``not_controller``."""
    try:
        job_id, user_id, epoch = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, TypeError, ValueError):
        job_id = user_id = epoch = None
    if (job_id, user_id) != (job.pk, user.pk):
        raise Forbidden("Take the controls of this render first", "not_controller")
    return int(epoch)


def renewed(steering: Steering) -> datetime:
    """The lease of the controls from now on: a command shows that its page is there as well as a renewal does."""
    steering.expires_at = seconds_from_now(settings.CONTROL_LEASE_SECONDS)
    steering.save(update_fields=["controller", "offered", "epoch", "expires_at"])
    steering.refresh_from_db(fields=["expires_at"])
    assert steering.expires_at is not None
    return steering.expires_at


def _locked(job: RenderJob) -> Steering:
    Steering.objects.get_or_create(job=job, defaults={"tenant_id": job.tenant_id})
    return Steering.objects.select_for_update(of=("self",)).select_related("controller").get(job=job)


def _is_live(steering: Steering) -> bool:
    return Steering.objects.filter(pk=steering.pk, expires_at__gt=Now()).exists()


def _is_for(steering: Steering, user: User, token: str) -> bool:
    if not token:
        return False
    try:
        return read_epoch(steering.job, user, token) == steering.epoch and steering.controller_id == user.pk
    except Forbidden:
        return False


def _token(steering: Steering) -> str:
    return signing.dumps([steering.job_id, steering.controller_id, steering.epoch], salt=_SALT)


def _leave(locked: Steering) -> None:
    locked.controller, locked.offered, locked.expires_at = None, False, None
    locked.epoch += 1
    locked.save(update_fields=["controller", "offered", "epoch", "expires_at"])


def _held(steering: Steering) -> DomainError:
    assert steering.controller is not None
    assert steering.expires_at is not None
    name, until = steering.controller.name, steering.expires_at
    return DomainError(
        "control_held",
        f"{name} is steering this render.",
        409,
        data={"name": name, "expires_at": iso(until)},
        headers={"Retry-After": str(math.ceil(settings.CONTROL_LEASE_SECONDS))},
    )


def _tell(steering: Steering) -> None:
    who = steering.controller
    publish_job(
        steering.job_id,
        "control",
        {
            "held": who is not None and not steering.offered,
            "name": who.name if who else None,
            "expires_at": steering.expires_at,
            "by": who.pk if who else None,
        },
    )
