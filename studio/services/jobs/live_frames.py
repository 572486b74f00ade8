"""The newest frame of a render in progress: a picture worth nothing a minute later, so it lives in the cache."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from redis.exceptions import RedisError

from config.platform.events import publish_job
from config.platform.links import public_url
from config.platform.signing import sign_number
from studio.models import RenderJob

KEPT_SECONDS = 600
FRAME_SALT = "studio.frame"


def keep_frame(job: RenderJob, jpeg: bytes) -> None:
    """Raises RedisError: without Redis nobody sees the frame, and nothing else is missing."""
    cache.set(_key(job.pk), jpeg, KEPT_SECONDS)


def show_frame(
    job: RenderJob, frame: int, jpeg: bytes | None, *, thumbnail_url: str | None = None, **made_with: object
) -> None:
    """Tell whoever watches the render of a frame, and keep its picture, where there is one. Raises RedisError as
    ``keep_frame``.

    made_with: ``seed`` and ``effective``, where they are known.
    """
    if jpeg is not None:
        keep_frame(job, jpeg)
    told: dict[str, object] = {
        "frame": frame,
        "seed": None,
        "frame_url": public_url(_link(job, frame + 1)),
        "thumbnail_url": thumbnail_url and public_url(thumbnail_url),
        "effective": {},
        **made_with,
    }
    publish_job(job.pk, "frame", told)


def frame_url(job: RenderJob) -> str | None:
    """A signed link to the newest frame, None unless the render is running or paused. It answers 404 while there is
    none.
    """
    if job.status not in (RenderJob.Status.RUNNING, RenderJob.Status.PAUSED):
        return None
    return _link(job, job.frames_done)


def has_frame(job: RenderJob) -> bool:
    """Whether there is a picture of it right now."""
    try:
        return bool(cache.has_key(_key(job.pk)))
    except RedisError:
        return False


def newest_frame(job_id: int) -> bytes | None:
    """Its JPEG; None when there is none, or Redis is gone."""
    try:
        frame: bytes | None = cache.get(_key(job_id))
        return frame
    except RedisError:
        return None


def linked_frame(token: str) -> bytes | None:
    """The JPEG behind a link; None when the link is forged or expired, or there is no frame, or Redis is gone."""
    try:
        return newest_frame(signing.loads(token, salt=FRAME_SALT, max_age=settings.FILE_URL_SECONDS))
    except signing.BadSignature:
        return None


def _link(job: RenderJob, number: int) -> str:
    # The number makes it another picture to browsers that show it.
    return f"/frames/{sign_number(job.pk, salt=FRAME_SALT)}?{number}"


def _key(job_id: int) -> str:
    return f"frame:{job_id}"
