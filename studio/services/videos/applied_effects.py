"""Which effect a render is: what is bought is what is rendered."""

from __future__ import annotations

from dataclasses import replace

from accounts.models import User
from config.api.errors import DomainError
from effects.models import Effect
from studio.models import RenderJob, Video
from studio.rendering.plan import RenderPlan
from studio.requests.types import Request
from studio.services.videos.effect_requests import effect_request
from studio.services.videos.plans import Draft, draft_render


def rendered_effect(
    *,
    claimed: Effect | None,
    video: Video,
    user: User,
    request: Request,
    draft: Draft,
    again: RenderJob | None = None,
) -> Effect | None:
    """The claimed effect if the frozen plan is what its template makes of the video's ``input_payload``, else None.

    Where the effect leaves the seed open any seed is its own. again: an earlier render that is repeated; its very plan
    was the effect's when it was asked for, whatever became of the template since.
    """
    if claimed is None or video.type != claimed.workflow:
        return None
    frozen = _whole(draft.plan, draft.model_file.pk)
    if again is not None and again.effect_id == claimed.pk and frozen == _frozen_then(again):
        return claimed
    if not claimed.is_offered:
        return None
    try:
        own = effect_request(claimed, video.input_payload)
        return claimed if own == request or _frozen(own, video, user, draft) == frozen else None
    except DomainError:
        # The effect was changed, and can't be rendered from this any more.
        return None


def _frozen(request: Request, video: Video, user: User, draft: Draft) -> tuple[RenderPlan, int]:
    if (request.seed or 0) <= 0:
        request = replace(request, seed=draft.plan.seed)
    own = draft_render(video=video, user=user, purpose=RenderJob.Purpose.FINAL, request=request, source=draft.source)
    return _whole(own.plan, own.model_file.pk)


def _frozen_then(job: RenderJob) -> tuple[RenderPlan, int]:
    return _whole(RenderPlan.from_json(job.plan), job.model_file_id)


def _whole(plan: RenderPlan, model_id: int) -> tuple[RenderPlan, int]:
    """The plan without a preview's limit, and whose price it has: two models may share their weights."""
    return replace(plan, frame_limit=None), model_id
