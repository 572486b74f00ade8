"""From the parameters of a request to a frozen plan: all that can be wrong is found here, before any GPU time."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from accounts.models import User
from config import scratch
from config.api.errors import DomainError, Unavailable, ValidationFailed
from studio.models import ModelFile, RenderJob, Video
from studio.rendering.deforum.deprecations import modernised
from studio.rendering.deforum.settings import import_settings
from studio.rendering.errors import MediaError, ModelError, PlanError, SourceMissing
from studio.rendering.media.decode import output_size
from studio.rendering.media.probe import MediaInfo, probe
from studio.rendering.plan import ControlNetSpec, DeforumParams, LoraSpec, ModelSpec, RenderPlan, Vid2VidParams
from studio.rendering.plan_checks import validate_plan
from studio.services import catalogue
from studio.services.animation_settings import PROMPT_REQUIRED, UPLOADED_PICTURE, animation_settings, said_settings
from studio.services.causes import storage_away
from studio.services.file_parameters import DEFAULT_FPS, file_parameters, fitting_size, rate_of
from studio.services.files import ensure_stored, local_copy
from studio.services.media_checks import looking

MAX_SEED = 2**32 - 1
_INHERITED = ("prompt", "negative_prompt", "seed")

# Where the plan's words and the API's differ, errors name the API's.
_API_FIELDS = {
    "cfg_scale": "cfgScale",
    "frame_count": "length",
    "max_frames": "length",
    "prompts": "prompt",
    "model": "modelId",
}


@dataclass(frozen=True)
class Draft:
    """A plan that is ready to be queued."""

    plan: RenderPlan
    parameters: dict[str, Any]
    """The request with every default filled in, the drawn seed included."""
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
    parameters: dict[str, Any],
    source: MediaInfo | None = None,
) -> Draft:
    """Freeze the plan of a render of this video. Raises ValidationFailed naming the field and the reason.

    source: what another draft found the video's source to be; it is looked at unless given.
    """
    parameters = {key: value for key, value in parameters.items() if value is not None}
    extended = extended_job(user, parameters)
    if video.type == Video.Type.DEFORUM:
        parameters = _filled_from_settings(parameters, extended)
    if parameters.get("seed", 0) <= 0:
        parameters["seed"] = secrets.randbelow(MAX_SEED) + 1
    parameters.setdefault("frameCount", 1)
    model_file = _model_file(parameters, extended)
    parameters["modelId"] = model_file.pk
    source = source or _source_info(video)
    try:
        if video.type == Video.Type.VID2VID:
            plan = _vid2vid_plan(source, model_file, parameters)
        else:
            plan = _deforum_plan(source, model_file, parameters, extended)
        if purpose == RenderJob.Purpose.PREVIEW:
            before = extended.frames_total if extended else 0
            plan = replace(plan, frame_limit=before + parameters["frameCount"])
        validate_plan(plan, source_info=source, assets=(UPLOADED_PICTURE,) if source else ())
    except PlanError as error:
        raise ValidationFailed({_api_field(error.field, parameters): [error.message]}) from error
    except ModelError as error:
        raise ValidationFailed({_api_field(error.field, parameters): [error.message]}) from error
    new_frames = plan.frames_to_render - (extended.frames_total if extended else 0)
    return Draft(plan, parameters, model_file, extended or _approved_preview(video, plan, purpose), new_frames, source)


def _filled_from_settings(parameters: dict[str, Any], extended: RenderJob | None) -> dict[str, Any]:
    """What the request leaves out comes from its preset and settings, then from what it extends."""
    if parameters.get("seed", 0) <= 0:
        parameters = {key: value for key, value in parameters.items() if key != "seed"}
    said = said_settings(parameters)
    try:
        parameters = file_parameters(said, parameters, extends=extended is not None) | parameters
    except PlanError as error:
        raise ValidationFailed({_api_field(error.field, parameters): [error.message]}) from error
    if extended:
        inherited = [key for key in _INHERITED if key != "prompt" or "prompts" not in said]
        parameters = {key: extended.parameters[key] for key in inherited if key in extended.parameters} | parameters
    return parameters


def _vid2vid_plan(source: MediaInfo | None, model_file: ModelFile, parameters: dict[str, Any]) -> RenderPlan:
    if source is None:
        raise ValidationFailed({"videoId": ["This video has no source to restyle."]})
    if not parameters.get("prompt"):
        raise ValidationFailed({"prompt": [PROMPT_REQUIRED]})
    parameters.setdefault("negative_prompt", "")
    parameters.setdefault("cfgScale", 7.0)
    parameters.setdefault("denoising", 0.5)
    parameters.setdefault("smoothing", Vid2VidParams.smoothing)
    parameters.setdefault("stabiliseColour", Vid2VidParams.stabilise_colour)
    parameters.setdefault("crossFrameAttention", Vid2VidParams.cross_frame_attention)
    parameters.setdefault("startFrame", 0)
    width, height = output_size(source, max_pixels=model_file.max_pixels)
    fps = source.fps or Fraction(DEFAULT_FPS)
    prompt, loras = catalogue.split_loras(parameters["prompt"])
    return RenderPlan(
        workflow="vid2vid",
        model=_model_spec(model_file, parameters),
        width=width,
        height=height,
        fps=str(fps),
        frame_count=_trimmed(parameters, source.frames_at(fps)),
        seed=parameters["seed"],
        params=Vid2VidParams(
            prompt=prompt,
            negative_prompt=parameters["negative_prompt"],
            cfg_scale=parameters["cfgScale"],
            denoising=parameters["denoising"],
            controlnets=_controlnets(parameters),
            loras=loras,
            smoothing=parameters["smoothing"],
            stabilise_colour=parameters["stabiliseColour"],
            cross_frame_attention=parameters["crossFrameAttention"],
            start_frame=parameters["startFrame"],
        ),
        options=_options(parameters),
    )


def _trimmed(parameters: dict[str, Any], frames: int) -> int:
    """Frames between ``startFrame`` and ``endFrame`` (exclusive; the source's end when left out)."""
    start, end = parameters["startFrame"], parameters.get("endFrame", frames)
    if start >= frames:
        raise ValidationFailed({"startFrame": [f"The source has {frames} frames."]})
    if not start < end <= frames:
        raise ValidationFailed({"endFrame": [f"The end must lie after the start, at most at {frames}."]})
    return end - start


def _deforum_plan(
    source: MediaInfo | None, model_file: ModelFile, parameters: dict[str, Any], extended: RenderJob | None
) -> RenderPlan:
    parameters.setdefault("negative_prompt", "")
    parameters.setdefault("length", 5)
    before = RenderPlan.from_json(extended.plan) if extended else None
    parameters.setdefault("fps", float(before.rate) if before else float(DEFAULT_FPS))
    fps = before.fps if before else str(rate_of(parameters["fps"]))
    if before and Fraction(fps) != rate_of(parameters["fps"]):
        raise ValidationFailed({"fps": [f"An extension keeps the {float(before.rate):g} fps of what it extends."]})
    if before:
        width, height = before.width, before.height
    elif source:
        width, height = output_size(source, max_pixels=model_file.max_pixels)
    else:
        width, height = _size_without_source(model_file, parameters)
    new_frames = round(Fraction(str(parameters["length"])) * Fraction(fps))
    model = _model_spec(model_file, parameters)
    settings = animation_settings(parameters, before, fps=Fraction(fps), has_source=source is not None)
    settings, loras = _with_lora_files(settings)
    return RenderPlan(
        workflow="deforum",
        model=model,
        width=width,
        height=height,
        fps=fps,
        frame_count=(before.frame_count if before else 0) + max(1, new_frames),
        seed=parameters["seed"],
        params=DeforumParams(
            settings=settings,
            controlnets=_controlnets(parameters),
            loras=loras,
        ),
        options=_options(parameters),
    )


def _with_lora_files(settings: dict[str, Any]) -> tuple[dict[str, Any], tuple[LoraSpec, ...]]:
    """Settings whose prompts name LoRAs by their files, and those LoRAs."""
    everywhere = {name: settings[name] for name in ("animation_prompts_positive", "animation_prompts_negative")}
    named, loras = catalogue.name_loras_by_file({**settings["prompts"], **everywhere})
    everywhere = {name: named.pop(name) for name in everywhere}
    return {**settings, **everywhere, "prompts": named}, loras


def _size_without_source(model_file: ModelFile, parameters: dict[str, Any]) -> tuple[int, int]:
    """The settings' own size, as far as the model renders it, or else the model's."""
    said = said_settings(parameters)
    if "W" not in said and "H" not in said:
        return catalogue.default_size(model_file)
    settings, _ = import_settings(said)
    return fitting_size(settings.W, settings.H, model_file.max_pixels)


def _model_spec(model_file: ModelFile, parameters: dict[str, Any]) -> ModelSpec:
    parameters.setdefault("steps", model_file.steps)
    return ModelSpec(
        family=model_file.family,
        location=str(catalogue.model_path(model_file)),
        scheduler=parameters.get("scheduler") or model_file.scheduler or None,
        steps=parameters["steps"],
        draft=parameters.get("draft", False),
    )


def _options(parameters: dict[str, Any]) -> dict[str, Any]:
    """Speed options that the request asks for, and the models that every render may look through."""
    asked = {"deepcache": parameters.get("deepcache"), "residual_cfg": parameters.get("residualCfg")}
    return {name: value for name, value in asked.items() if value} | catalogue.render_options()


def _model_file(parameters: dict[str, Any], extended: RenderJob | None) -> ModelFile:
    if "modelId" in parameters:
        return catalogue.find_checkpoint(parameters["modelId"])
    if extended:
        return extended.model_file
    found = catalogue.checkpoints().order_by("-is_default", "id").first()
    if found is None:
        raise catalogue.no_such_model()
    return found


def _controlnets(parameters: dict[str, Any]) -> tuple[ControlNetSpec, ...]:
    return tuple(
        ControlNetSpec(
            kind=unit["type"],
            location=str(catalogue.controlnet_path(unit["type"])),
            weight=unit.get("weight", 1.0),
            start=unit.get("start", 0.0),
            end=unit.get("end", 1.0),
        )
        for unit in parameters.get("controlnet") or []
    )


def extended_job(user: User, parameters: dict[str, Any]) -> RenderJob | None:
    """The finished Deforum job that ``extendFromJobId`` names, by video id or by job id."""
    wanted = parameters.get("extendFromJobId")
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
    if purpose != RenderJob.Purpose.FINAL:
        return None
    previews = video.jobs.filter(
        purpose=RenderJob.Purpose.PREVIEW, status=RenderJob.Status.COMPLETED, checkpoint__isnull=False
    )
    begun = (job for job in previews if replace(RenderPlan.from_json(job.plan), frame_limit=None) == plan)
    # Without its checkpoint the same plan makes the same frames once more.
    return next((job for job in begun if _has_checkpoint(job)), None)


def _source_info(video: Video) -> MediaInfo | None:
    """What is uploaded, as it is now: files can vanish or be damaged in the storage. Raises DomainError."""
    try:
        if video.soundtrack:
            ensure_stored(video.soundtrack)
        if video.source is None:
            return None
        with looking(), TemporaryDirectory(dir=scratch.work_folder()) as folder:
            return probe(local_copy(video.source, Path(folder)))
    except SourceMissing as error:
        raise DomainError(error.code, error.message) from error
    except MediaError as error:
        # Whole when it was uploaded.
        raise DomainError("source_damaged", error.message) from error
    except storage_away() as error:
        raise Unavailable("The storage does not answer; try again in a moment") from error


def _has_checkpoint(job: RenderJob) -> bool:
    if job.checkpoint is None:
        return False
    try:
        ensure_stored(job.checkpoint)
    except SourceMissing:
        return False
    return True


def _api_field(field: str, parameters: dict[str, Any]) -> str:
    said = parameters.get("schedules") or {}
    if field in said or field in modernised(said):
        return f"schedules.{field}"
    return _API_FIELDS.get(field, field)


def ensure_not_busy(video: Video) -> None:
    """A video has one render at a time."""
    if video.is_active:
        message = "This video is already queued or being rendered."
        raise DomainError("video_busy", message, data={"status": video.status})
