"""Renders that are drawn up and not queued yet: whatever asks the storage or takes long is done, nothing is locked."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NotRequired, TypedDict, Unpack

from accounts.models import User
from effects.models import Effect
from studio.models import MediaFile, RenderJob, Video
from studio.providers import LOCAL, ensure_available
from studio.requests.types import Request
from studio.services.videos import plans
from studio.services.videos.applied_effects import rendered_effect
from studio.services.videos.plans import Draft


@dataclass(frozen=True)
class PreparedRender:
    """What is to be queued, and for whom."""

    video: Video
    """As it was found; one that is not saved is made with the render."""
    user: User
    purpose: RenderJob.Purpose
    draft: Draft
    priority: int | None = None
    provider: str = LOCAL
    effect: Effect | None = None
    """What it is and nothing else; None for a render of one's own."""
    changes: Mapping[str, object] = field(default_factory=dict)
    """What becomes of the video's own fields when the render is queued."""

    @property
    def new_source(self) -> MediaFile | None:
        """The file that the render gives to the video."""
        source = self.video.source if self.video.pk is None else self.changes.get("source")
        return source if isinstance(source, MediaFile) else None


class Wish(TypedDict):
    """What is asked for."""

    video: Video
    user: User
    purpose: RenderJob.Purpose
    request: Request
    priority: NotRequired[int | None]
    provider: NotRequired[str]
    effect: NotRequired[Effect | None]
    """What the render is said to be, of the video with its changes."""
    again: NotRequired[RenderJob | None]
    """The earlier render that it repeats."""
    changes: NotRequired[Mapping[str, object]]
    """As of PreparedRender."""


def prepare_render(**wish: Unpack[Wish]) -> PreparedRender:
    """Draw a render of the video up; not within a transaction. Raises what ``draft_render`` raises, and ``video_busy``.

    Its price is the effect's for a final that is the effect and nothing else, and the model's for every other.
    """
    video, user, purpose, request = wish["video"], wish["user"], wish["purpose"], wish["request"]
    provider, changes = wish.get("provider", LOCAL), wish.get("changes", {})
    ensure_available(provider)
    plans.ensure_not_busy(video)
    wanted = _changed(video, changes)
    draft = plans.draft_render(video=wanted, user=user, purpose=purpose, request=request)
    effect = rendered_effect(
        claimed=wish.get("effect"), video=wanted, user=user, request=request, draft=draft, again=wish.get("again")
    )
    return PreparedRender(
        video=video,
        user=user,
        purpose=purpose,
        draft=draft,
        priority=wish.get("priority"),
        provider=provider,
        effect=effect,
        changes=changes,
    )


def _changed(video: Video, changes: Mapping[str, object]) -> Video:
    changed = copy.copy(video)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed
