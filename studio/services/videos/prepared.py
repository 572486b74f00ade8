"""Renders that are drawn up and not queued yet: whatever asks the storage or takes long is done, nothing is locked."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
    changes: Mapping[str, Any] = field(default_factory=dict)
    """What becomes of the video's own fields when the render is queued."""

    @property
    def new_source(self) -> MediaFile | None:
        """The file that the render gives to the video."""
        source: MediaFile | None = self.video.source if self.video.pk is None else self.changes.get("source")
        return source


def prepare_render(
    *,
    video: Video,
    user: User,
    purpose: RenderJob.Purpose,
    request: Request,
    priority: int | None = None,
    provider: str = LOCAL,
    effect: Effect | None = None,
    again: RenderJob | None = None,
    changes: Mapping[str, Any] | None = None,
) -> PreparedRender:
    """Draw a render of the video up; not within a transaction. Raises what ``draft_render`` raises, and ``video_busy``.

    effect: what the render is said to be, of the video with its changes; again: the earlier render that it repeats.
    Its price is the effect's for a final that is the effect and nothing else, and the model's for every other.
    """
    ensure_available(provider)
    plans.ensure_not_busy(video)
    wanted = _changed(video, changes or {})
    draft = plans.draft_render(video=wanted, user=user, purpose=purpose, request=request)
    effect = rendered_effect(claimed=effect, video=wanted, user=user, request=request, draft=draft, again=again)
    return PreparedRender(
        video=video,
        user=user,
        purpose=purpose,
        draft=draft,
        priority=priority,
        provider=provider,
        effect=effect,
        changes=changes or {},
    )


def _changed(video: Video, changes: Mapping[str, Any]) -> Video:
    changed = copy.copy(video)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed
