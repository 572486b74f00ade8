"""The figures of a render, in document A's words: of its plan; before there is one, of the source."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Any, TypedDict, TypeVar

from studio.models import RenderJob, Video
from studio.services.jobs.places import QueueFigures

T = TypeVar("T")

# The first keyframe of a schedule, where it is a number: ``0: (0.65), 24: (0.7)``.
_FIRST = re.compile(r"\s*0\s*:\s*\(?\s*(-?\d+(?:\.\d+)?)\s*\)?\s*(?:,|$)")


class FiguresRow(TypedDict):
    model_id: int | None
    prompt: str | None
    negative_prompt: str | None
    cfg_scale: float | None
    seed: int | None
    denoising: float | None
    fps: str | None
    frame_count: int | None
    length: float | None
    width: int | None
    height: int | None


def figures_of(video: Video, job: RenderJob | None) -> FiguresRow:
    """``length`` is in seconds; an animation's ``cfg_scale`` and ``denoising`` are those of its first frame."""
    asked, plan, source = video.parameters, job.plan if job else {}, video.source
    rendered = plan.get("params", {})
    deforum = rendered.get("settings", {})
    return {
        "model_id": asked.get("modelId") or (job.model_file_id if job else None),
        "prompt": asked.get("prompt") or rendered.get("prompt") or (deforum.get("prompts") or {}).get("0"),
        "negative_prompt": asked.get("negative_prompt"),
        "cfg_scale": _first_of(asked.get("cfgScale"), rendered.get("cfg_scale"), _first(deforum, "cfg_scale_schedule")),
        "seed": _first_of(asked.get("seed"), plan.get("seed")),
        "denoising": _first_of(asked.get("denoising"), rendered.get("denoising"), _denoising(deforum)),
        "fps": plan.get("fps") or (source.fps if source else None) or None,
        "frame_count": plan.get("frame_count") or (source.frame_count if source else None),
        "length": _asked_length(video) or _length(plan) or (source.duration if source else None),
        "width": plan.get("width") or (source.width if source else None),
        "height": plan.get("height") or (source.height if source else None),
    }


def _asked_length(video: Video) -> float | None:
    """Of an animation; an extension is asked for what it adds, and what is restyled is as long as its source."""
    asked = video.parameters
    return asked.get("length") if video.type == Video.Type.DEFORUM and not asked.get("extendFromJobId") else None


def _length(plan: dict[str, Any]) -> float | None:
    frames, rate = plan.get("frame_count"), plan.get("fps")
    return round(float(frames / Fraction(rate)), 3) if frames and rate else None


def _denoising(settings: dict[str, object]) -> float | None:
    strength = _first(settings, "strength_schedule")
    return None if strength is None else round(1 - strength, 6)


def _first(settings: dict[str, object], name: str) -> float | None:
    found = _FIRST.match(str(settings.get(name, "")))
    return float(found[1]) if found else None


def _first_of(*values: T | None) -> T | None:
    return next((value for value in values if value is not None), None)


class QueueFiguresRow(TypedDict):
    total_jobs_processing: int
    total_jobs_in_queue: int
    your_position: int | None
    your_estimated_time: Annotated[int | None, "Seconds."]
    estimated_time_for_all_jobs: int
    estimated_time_processing_jobs: int


def queue_row(figures: QueueFigures) -> QueueFiguresRow:
    return {
        "total_jobs_processing": figures.total_jobs_processing,
        "total_jobs_in_queue": figures.total_jobs_in_queue,
        "estimated_time_processing_jobs": figures.estimated_time_processing_jobs,
        "estimated_time_for_all_jobs": figures.estimated_time_for_all_jobs,
        "your_position": figures.your_position,
        "your_estimated_time": figures.your_estimated_time,
    }
