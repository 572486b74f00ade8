"""Addresses of files and frames, whole."""

from __future__ import annotations

from config.links import Absolute
from studio.models import MediaFile, RenderJob
from studio.services.files import file_url
from studio.services.live_frames import frame_url


def file_link(file: MediaFile | None, absolute: Absolute) -> str | None:
    return absolute(file_url(file)) if file else None


def frame_link(job: RenderJob, absolute: Absolute) -> str | None:
    url = frame_url(job)
    return absolute(url) if url else None
