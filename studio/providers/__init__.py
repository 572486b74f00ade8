"""Who runs a render.

``local``: a worker of ours, with diffusers. ``external``: an encoder outside, which finds a ticket in a watched folder
and drops the finished file beside it for ``watch_output``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from config.api.errors import ValidationFailed
from studio.models import RenderJob
from studio.providers import external

LOCAL: Final = "local"

_HAND_OVER: dict[str, Callable[[RenderJob], None]] = {"external": external.hand_over}
_TAKE_BACK: dict[str, Callable[[RenderJob], None]] = {"external": external.take_back}


def known() -> tuple[str, ...]:
    """The providers a job may name."""
    return (LOCAL, *_HAND_OVER)


def ensure_available(provider: str) -> None:
    """Raises ValidationFailed for a provider that there is none of, or that this installation has not set up."""
    if provider not in known():
        raise ValidationFailed({"provider": [f"Must be one of {', '.join(known())}."]})
    if provider != LOCAL and not external.is_set_up():
        raise ValidationFailed({"provider": [f"There is no {provider} encoder here."]})


def hand_over(job: RenderJob) -> None:
    """Tell a provider outside that the job waits for it."""
    _HAND_OVER[job.provider](job)


def take_back(job: RenderJob) -> None:
    """Leave nothing of the job with a provider outside."""
    if job.provider in _TAKE_BACK:
        _TAKE_BACK[job.provider](job)
