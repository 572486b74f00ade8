"""Who runs a render.

``local``: a worker of ours, with diffusers. The others are outside, and plugged in (``studio.hooks``): ``external``
finds a ticket in a watched folder and drops the finished file beside it for ``watch_output``.
"""

from __future__ import annotations

from typing import Final

from config.api.errors import ValidationFailed
from studio.hooks import render_providers
from studio.models import RenderJob

LOCAL: Final = "local"


def known() -> tuple[str, ...]:
    """The providers a job may name."""
    return (LOCAL, *render_providers)


def ensure_available(provider: str) -> None:
    """Raises ValidationFailed for a provider that there is none of, or that this installation has not set up."""
    if provider not in known():
        raise ValidationFailed({"provider": [f"Must be one of {', '.join(known())}."]})
    if provider != LOCAL and not render_providers[provider].is_set_up():
        raise ValidationFailed({"provider": [f"There is no {provider} encoder here."]})


def hand_over(job: RenderJob) -> None:
    """Tell a provider outside that the job waits for it."""
    render_providers[job.provider].hand_over(job)


def take_back(job: RenderJob) -> None:
    """Leave nothing of the job with a provider outside."""
    if job.provider in render_providers:
        render_providers[job.provider].take_back(job)
