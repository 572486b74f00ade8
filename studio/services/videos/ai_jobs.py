"""Effects applied to videos: document B's way to a render."""

from __future__ import annotations

from functools import partial
from typing import TypedDict

from django.db import transaction

from accounts.models import User
from accounts.services.profiles import lock_user
from commerce.services.wallets import open_credit_wallet
from config.api.errors import Forbidden, NotFound, ValidationFailed, all_problems
from effects.models import Effect
from effects.services import clean_payload, payload_files
from studio import providers
from studio.models import MediaFile, RenderJob, Video
from studio.services.blocked_phrases import refuse_blocked
from studio.services.files.presigned import find_verified_file, verify_upload
from studio.services.files.store import keep_file
from studio.services.videos.effect_requests import effect_request
from studio.services.videos.plans import ensure_not_busy
from studio.services.videos.prepared import PreparedRender, prepare_render
from studio.services.videos.said import said_by_effect, said_by_payload
from tenants import runtime

# A finished render may be the source of the next effect.
_SOURCES = (MediaFile.Kind.SOURCE, MediaFile.Kind.OUTPUT)


def create_effect_video(
    *, user: User, effect: Effect, source: MediaFile, input_payload: object = None, title: str = ""
) -> Video:
    """A video that waits for the effect. Raises ValidationFailed for a payload that the effect does not allow."""
    payload = _checked_payload(user, effect, input_payload)
    _ensure_source(source, "original_file_id")
    with transaction.atomic():
        lock_user(user.pk)
        keep_file(source)
        return Video.objects.create(
            tenant_id=user.tenant_id,
            owner=user,
            type=effect.workflow,
            title=title,
            effect=effect,
            input_payload=payload,
            source=source,
        )


def prepare_effect(
    *,
    user: User,
    effect: Effect,
    video: Video | None,
    source: MediaFile | None,
    input_payload: object = None,
    provider: str | None = None,
    priority: int | None = None,
) -> PreparedRender:
    """The final render of a video with an effect, at the effect's price.

    Without a video one is made: of the source, or, for an animation, of nothing. Raises ValidationFailed, and what
    ``prepare_render`` raises.
    """
    provider = provider or providers.LOCAL
    input_payload = _payload(effect, video, input_payload)
    check_request(effect=effect, video=video, source=source, provider=provider, input_payload=input_payload)
    if video is not None:
        ensure_not_busy(video)
    input_payload = _checked_payload(user, effect, input_payload)
    changes: dict[str, object] = {"type": effect.workflow, "input_payload": input_payload}
    if video is None:
        video = Video(tenant_id=user.tenant_id, owner=user, effect=effect, source=source, **changes)
        changes = {}
    elif video.source is None and source is not None:
        changes["source"] = source
    return prepare_render(
        video=video,
        user=user,
        purpose=RenderJob.Purpose.FINAL,
        request=effect_request(effect, input_payload),
        priority=priority,
        provider=provider,
        effect=effect,
        changes=changes,
    )


class EstimateAnswer(TypedDict):
    effect_id: int
    required_tokens: int
    balance: int
    sufficient: bool
    active_jobs: int
    max_active_jobs: int


def estimate_effect(
    *,
    user: User,
    effect: Effect,
    video: Video | None,
    source: MediaFile | None,
    input_payload: object = None,
    provider: str | None = None,
) -> EstimateAnswer:
    """What the effect would cost now; raises what ``prepare_effect`` raises for the same request.

    Nothing is kept of it: whether the plan can be drawn up is found out before anything is promised.
    """
    runtime.require("RENDERS_OPEN")
    prepare_effect(user=user, effect=effect, video=video, source=source, input_payload=input_payload, provider=provider)
    available = int(open_credit_wallet(user=user).available)
    return {
        "effect_id": effect.pk,
        "required_tokens": effect.credits_cost,
        "balance": available,
        "sufficient": available >= effect.credits_cost,
        "active_jobs": RenderJob.objects.active().filter(owner=user).count(),
        "max_active_jobs": runtime.whole("MAX_ACTIVE_JOBS"),
    }


def check_request(
    *, effect: Effect, video: Video | None, source: MediaFile | None, provider: str, input_payload: object
) -> None:
    """Whether these belong together. Raises ValidationFailed with everything that does not."""
    problems = all_problems(
        partial(providers.ensure_available, provider),
        partial(_check_source, effect, video, source),
        partial(effect_request, effect, input_payload),
    )
    if problems:
        raise ValidationFailed(problems)


def _check_source(effect: Effect, video: Video | None, source: MediaFile | None) -> None:
    if source is not None:
        _ensure_source(source, "input_file_id")
        if video is not None and video.source_id not in (None, source.pk):
            raise ValidationFailed({"input_file_id": ["This is not the file of the video."]})
    present = source or (video and video.source)
    if present is None and effect.workflow == Video.Type.VID2VID:
        raise ValidationFailed({"video_id": ["This effect needs a video, or an uploaded file."]})


def find_job(*, user: User, job_id: int) -> RenderJob:
    """The user's own render. Another tenant's does not exist; a colleague's is forbidden."""
    job = RenderJob.objects.filter(pk=job_id).select_related("effect", "output").first()
    if job is None:
        raise NotFound("AI job not found")
    if job.owner_id != user.pk:
        raise Forbidden("This job belongs to another user", code="not_owner")
    return job


def _payload(effect: Effect, video: Video | None, input_payload: object) -> object:
    """What was configured when the video was made holds unless the request says otherwise."""
    if input_payload is None and video is not None and video.effect_id == effect.pk:
        return video.input_payload
    return input_payload


def _checked_payload(user: User, effect: Effect, input_payload: object) -> dict[str, object]:
    """The payload with its defaults, its files the user's own and of the kind that the property asks for.

    What it makes of the effect is within the bounds of every render.
    """
    payload = clean_payload(effect, input_payload)
    refuse_blocked(said_by_payload(payload), said_by_effect(effect, effect_request(effect, payload)))
    kinds = {item["key"]: item["type"] for item in effect.offered_properties}
    for key, file_id in payload_files(effect, input_payload).items():
        field = f"input_payload.{key}"
        file = find_verified_file(user=user, file_id=file_id, field=field)
        if not file.mime_type.startswith(f"{kinds[key]}/"):
            raise ValidationFailed({field: [f"This file is no {kinds[key]}."]})
    return payload


def _ensure_source(file: MediaFile, field: str) -> None:
    verify_upload(file, field=field)
    if file.kind not in _SOURCES:
        raise ValidationFailed({field: ["This file is no video to be transformed."]})
