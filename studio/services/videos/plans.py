"""From the parameters of a request to a frozen plan: all that can be wrong is found here, before any GPU time."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from accounts.models import User
from config.api.errors import DomainError, Unavailable, ValidationFailed
from config.platform import scratch
from studio.models import MediaFile, ModelFile, RenderJob, Video
from studio.rendering.deforum.deprecations import modernised
from studio.rendering.deforum.settings import import_settings
from studio.rendering.errors import MediaError, ModelError, PlanError, SourceDamaged, SourceMissing
from studio.rendering.media.decode import output_size
from studio.rendering.media.probe import MediaInfo, probe
from studio.rendering.plan import (
    MAX_SEED,
    ControlNetSpec,
    DeforumParams,
    LoraSpec,
    ModelSpec,
    RenderOptions,
    RenderPlan,
    Vid2VidParams,
)
from studio.rendering.plan_checks import validate_plan
from studio.requests.names import api_problem
from studio.requests.parsing import restore
from studio.requests.types import (
    DEFAULT_FPS,
    DEFORUM,
    DeforumRequest,
    Request,
    Vid2VidRequest,
    parameters_of,
)
from studio.services.blocked_phrases import refuse_blocked
from studio.services.catalogue import models as catalogue
from studio.services.files.media_checks import looking
from studio.services.files.store import ensure_stored, ensure_whole, local_copy
from studio.services.jobs.causes import storage_away
from studio.services.videos.animation_settings import (
    PROMPT_REQUIRED,
    UPLOADED_PICTURE,
    animation_settings,
    said_settings,
)
from studio.services.videos.file_parameters import file_parameters, fitting_size, rate_of
from studio.services.videos.said import said_by, said_by_plan

T = TypeVar("T")
_INHERITED = ("prompt", "negative_prompt", "seed")


@dataclass(frozen=True)
class Draft:
    """A plan that is ready to be queued."""

    plan: RenderPlan
    request: Request
    """With every default filled in, the drawn seed included."""
    model_file: ModelFile
    continues: RenderJob | None
    new_frames: int
    """Frames that this render is asked for beyond those of the video it extends: what is paid."""
    source: MediaInfo | None


def draft_render(
    *,
    video: Video,
    user: User,
    purpose: RenderJob.Purpose,
    request: Request,
    source: MediaInfo | None = None,
) -> Draft:
    """Freeze the plan of a render of this video. Raises ValidationFailed naming the field and the reason, and
    DomainError ``prompt_refused``.

    source: what another draft found the video's source to be; it is looked at unless given.
    """
    extended = extended_job(user, request)
    if isinstance(request, DeforumRequest):
        request = _filled_from_settings(request, extended)
    seed = drawn_seed(request.seed)
    model_file = _model_file(request, extended)
    request = replace(request, seed=seed, model_id=model_file.pk).with_defaults().filled({"steps": model_file.steps})
    _check_family(request, model_file)
    source = source or _source_info(video)
    try:
        if isinstance(request, DeforumRequest):
            request, plan = _deforum_plan(source, model_file, request, extended)
        else:
            plan = _vid2vid_plan(source, model_file, request)
        if purpose == RenderJob.Purpose.PREVIEW:
            before = extended.frames_total if extended else 0
            plan = replace(plan, frame_limit=before + _said(request.frame_count))
        validate_plan(plan, source_info=source, assets=(UPLOADED_PICTURE,) if source else ())
    except (PlanError, ModelError) as error:
        raise _refusal(request, error) from error
    refuse_blocked(said_by(request), said_by_plan(plan, "preset" if getattr(request, "preset", None) else "prompt"))
    new_frames = plan.frames_to_render - (extended.frames_total if extended else 0)
    return Draft(plan, request, model_file, extended or _approved_preview(video, plan, purpose), new_frames, source)


def drawn_seed(seed: int | None) -> int:
    """The seed that is asked for; none, or 0 and less, stands for one that is drawn."""
    return seed if seed is not None and seed > 0 else secrets.randbelow(MAX_SEED) + 1


def _filled_from_settings(request: DeforumRequest, extended: RenderJob | None) -> DeforumRequest:
    """What the request leaves out comes from its preset and settings, then from what it extends."""
    if (request.seed or 0) <= 0:
        request = replace(request, seed=None)
    said = said_settings(request)
    try:
        request = request.filled(file_parameters(said, request, extends=extended is not None))
    except PlanError as error:
        raise _refusal(request, error) from error
    if extended:
        kept = {name: extended.parameters[name] for name in _INHERITED if name in extended.parameters}
        if "prompts" in said:
            kept.pop("prompt", None)
        before = restore(DEFORUM, kept)
        request = request.filled({name: getattr(before, name) for name in _INHERITED})
    return request


def _check_family(request: Request, model_file: ModelFile) -> None:
    for parameter in parameters_of(request.workflow):
        reason = parameter.not_for.get(model_file.family)
        if reason and getattr(request, parameter.name):
            raise ValidationFailed({parameter.api: [f"{parameter.api}: {reason}"]})


def _vid2vid_plan(source: MediaInfo | None, model_file: ModelFile, request: Vid2VidRequest) -> RenderPlan:
    if source is None:
        raise ValidationFailed({"videoId": ["This video has no source to restyle."]})
    if not request.prompt:
        raise ValidationFailed({"prompt": [PROMPT_REQUIRED]})
    width, height = output_size(source, max_pixels=model_file.max_pixels)
    fps = source.fps or DEFAULT_FPS
    prompt, loras = catalogue.split_loras(request.prompt)
    return RenderPlan(
        workflow="vid2vid",
        model=_model_spec(model_file, request),
        width=width,
        height=height,
        fps=str(fps),
        frame_count=_trimmed(request, source.frames_at(fps)),
        seed=_said(request.seed),
        params=Vid2VidParams(
            prompt=prompt,
            negative_prompt=_said(request.negative_prompt),
            cfg_scale=_said(request.cfg_scale),
            denoising=_said(request.denoising),
            controlnets=_controlnets(request),
            loras=loras,
            smoothing=_said(request.smoothing),
            stabilise_colour=_said(request.stabilise_colour),
            cross_frame_attention=_said(request.cross_frame_attention),
            start_frame=_said(request.start_frame),
        ),
        options=_options(request),
    )


def _trimmed(request: Vid2VidRequest, frames: int) -> int:
    """Frames from the first that is asked for to the last (the source's end when left out)."""
    start = _said(request.start_frame)
    end = frames if request.end_frame is None else request.end_frame
    if start >= frames:
        raise ValidationFailed({"startFrame": [f"The source has {frames} frames."]})
    if not start < end <= frames:
        raise ValidationFailed({"endFrame": [f"The end must lie after the start, at most at {frames}."]})
    return end - start


def _deforum_plan(
    source: MediaInfo | None, model_file: ModelFile, request: DeforumRequest, extended: RenderJob | None
) -> tuple[DeforumRequest, RenderPlan]:
    """The plan, and the request with its rate."""
    before = RenderPlan.from_json(extended.plan) if extended else None
    request = request.filled({"fps": float(before.rate if before else DEFAULT_FPS)})
    rate = rate_of(request.fps)
    fps = before.fps if before else str(rate)
    if before and Fraction(fps) != rate:
        raise ValidationFailed({"fps": [f"An extension keeps the {float(before.rate):g} fps of what it extends."]})
    if before:
        width, height = before.width, before.height
    elif source:
        width, height = output_size(source, max_pixels=model_file.max_pixels)
    else:
        width, height = _size_without_source(model_file, request)
    new_frames = round(Fraction(str(request.length)) * Fraction(fps))
    model = _model_spec(model_file, request)
    settings = animation_settings(request, before, fps=Fraction(fps), has_source=source is not None)
    settings, loras = _with_lora_files(settings)
    return request, RenderPlan(
        workflow="deforum",
        model=model,
        width=width,
        height=height,
        fps=fps,
        frame_count=(before.frame_count if before else 0) + max(1, new_frames),
        seed=_said(request.seed),
        params=DeforumParams(
            settings=settings,
            controlnets=_controlnets(request),
            loras=loras,
        ),
        options=_options(request),
    )


def _with_lora_files(settings: Mapping[str, Any]) -> tuple[dict[str, object], tuple[LoraSpec, ...]]:
    """Settings whose prompts name LoRAs by their files, and those LoRAs."""
    everywhere = {name: settings[name] for name in ("animation_prompts_positive", "animation_prompts_negative")}
    named, loras = catalogue.name_loras_by_file({**settings["prompts"], **everywhere})
    everywhere = {name: named.pop(name) for name in everywhere}
    return {**settings, **everywhere, "prompts": named}, loras


def _size_without_source(model_file: ModelFile, request: DeforumRequest) -> tuple[int, int]:
    """The settings' own size, as far as the model renders it, or else the model's."""
    said = said_settings(request)
    if "W" not in said and "H" not in said:
        return catalogue.default_size(model_file)
    settings, _ = import_settings(said)
    return fitting_size(settings.W, settings.H, model_file.max_pixels)


def _model_spec(model_file: ModelFile, request: Request) -> ModelSpec:
    return ModelSpec(
        family=model_file.family,
        location=str(catalogue.model_path(model_file)),
        scheduler=request.scheduler or model_file.scheduler or None,
        steps=_said(request.steps),
        draft=request.draft or False,
    )


def _options(request: Request) -> RenderOptions:
    """Those that the request asks for, and the models that every render may look through."""
    return RenderOptions(**request.options(), depth_model=catalogue.depth_model_path())


def _model_file(request: Request, extended: RenderJob | None) -> ModelFile:
    if request.model_id is not None:
        return catalogue.find_checkpoint(request.model_id)
    if extended:
        return extended.model_file
    found = catalogue.checkpoints().order_by("-is_default", "id").first()
    if found is None:
        raise catalogue.no_such_model()
    return found


def _controlnets(request: Request) -> tuple[ControlNetSpec, ...]:
    return tuple(
        ControlNetSpec(unit.type, str(catalogue.controlnet_path(unit.type)), **unit.figures())
        for unit in request.controlnet or ()
    )


def extended_job(user: User, request: Request) -> RenderJob | None:
    """The finished Deforum job that the request extends, by video id or by job id."""
    wanted = request.extend_from_job_id if isinstance(request, DeforumRequest) else None
    if wanted is None:
        return None
    finished = RenderJob.objects.filter(
        owner=user,
        workflow=Video.Type.DEFORUM,
        purpose=RenderJob.Purpose.FINAL,
        status=RenderJob.Status.COMPLETED,
        checkpoint__isnull=False,
    )
    job = finished.filter(video_id=wanted).first() or finished.filter(pk=wanted).first()
    if job is None:
        raise ValidationFailed({"extendFromJobId": ["This names no completed deforum video or job of yours."]})
    if not _has_checkpoint(job):
        reason = "The frames of this render are no longer stored here, so it can't be extended."
        raise DomainError(SourceMissing.code, reason, data={"extendFromJobId": [reason]})
    return job


def _approved_preview(video: Video, plan: RenderPlan, purpose: RenderJob.Purpose) -> RenderJob | None:
    """The preview that this very plan has already begun: its frames are kept, not rendered again."""
    if purpose != RenderJob.Purpose.FINAL or video.pk is None:
        return None
    previews = video.jobs.filter(
        purpose=RenderJob.Purpose.PREVIEW, status=RenderJob.Status.COMPLETED, checkpoint__isnull=False
    )
    begun = (job for job in previews if replace(RenderPlan.from_json(job.plan), frame_limit=None) == plan)
    # Without its checkpoint the same plan makes the same frames once more.
    return next((job for job in begun if _has_checkpoint(job)), None)


def _source_info(video: Video) -> MediaInfo | None:
    """What is uploaded, if all of it is there: files can vanish or be cut off in the storage. Raises DomainError."""
    try:
        if video.soundtrack:
            ensure_stored(video.soundtrack)
        if video.source is None:
            return None
        ensure_whole(video.source)
        return _known(video.source) or _found_out(video.source)
    except (SourceMissing, SourceDamaged) as error:
        raise DomainError(error.code, error.message) from error
    except MediaError as error:
        # Whole when it was stored.
        raise DomainError("source_damaged", error.message) from error
    except storage_away() as error:
        raise Unavailable("The storage does not answer; try again in a moment") from error


def _known(source: MediaFile) -> MediaInfo | None:
    """What was found out when it was stored; None for what was stored without a look, or by another release."""
    try:
        return MediaInfo.from_json(source.facts) if source.facts else None
    except (KeyError, TypeError):
        return None


def _found_out(source: MediaFile) -> MediaInfo:
    """Of what was stored without being looked at, as renders are; once."""
    with looking(), TemporaryDirectory(dir=scratch.work_folder()) as folder:
        info = probe(local_copy(source, Path(folder)))
    MediaFile.objects.filter(pk=source.pk).update(facts=info.to_json())
    return info


def _has_checkpoint(job: RenderJob) -> bool:
    if job.checkpoint is None:
        return False
    try:
        ensure_stored(job.checkpoint)
    except SourceMissing:
        return False
    return True


def _refusal(request: Request, error: PlanError | ModelError) -> ValidationFailed:
    """The renderer's refusal in the words of requests."""
    said = (request.schedules or {}) if isinstance(request, DeforumRequest) else {}
    if error.field in said or error.field in modernised(said):
        return ValidationFailed({f"schedules.{error.field}": [error.message]})
    field, message = api_problem(request.workflow, error.field, error.message)
    return ValidationFailed({field: [message]})


def _said(value: T | None) -> T:
    assert value is not None, "a request that was filled in says everything"
    return value


def ensure_not_busy(video: Video) -> None:
    """A video has one render at a time."""
    if video.is_active:
        message = "This video is already queued or being rendered."
        raise DomainError("video_busy", message, data={"status": video.status})
