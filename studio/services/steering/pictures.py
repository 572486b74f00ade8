"""The film reel of a render: a small picture of each frame, worth nothing once the film is there to be looked at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.conf import settings
from django.core import signing
from redis.exceptions import RedisError

from config.platform.redis_link import client
from config.platform.signing import sign_number
from studio.models import RenderJob

KEPT_SECONDS = 24 * 3600
"""After the newest."""
REEL_SALT = "studio.reel"


def keep_thumbnails(job_id: int, jpegs: Mapping[int, bytes]) -> None:
    """By frame. Raises RedisError: without Redis nobody sees them, and nothing else is missing."""
    with client().pipeline(transaction=False) as pipe:
        pipe.hset(_key(job_id), mapping={str(frame): jpeg for frame, jpeg in jpegs.items()})
        pipe.expire(_key(job_id), KEPT_SECONDS)
        pipe.execute()


def cut_thumbnails(job_id: int, count: int, had: int) -> None:
    """Only the first ``count`` of ``had`` frames are there. Raises RedisError."""
    if had > count:
        client().hdel(_key(job_id), *(str(frame) for frame in range(count, had)))


def forget_thumbnails(job_ids: Collection[int]) -> None:
    """Remove the reels of renders. Raises RedisError."""
    if job_ids:
        client().delete(*(_key(job_id) for job_id in job_ids))


def thumbnail(job_id: int, frame: int) -> bytes | None:
    """The JPEG; None when there is none, or none any more, or Redis is gone."""
    try:
        found: object = client().hget(_key(job_id), str(frame))
    except RedisError:
        return None
    return found if isinstance(found, bytes) else None


def kept_thumbnails(job_id: int, frames: Sequence[int]) -> set[int]:
    """Those of the frames that have one; of none while Redis is gone."""
    try:
        with client().pipeline(transaction=False) as pipe:
            for frame in frames:
                pipe.hexists(_key(job_id), str(frame))
            return {frame for frame, kept in zip(frames, pipe.execute(), strict=True) if kept}
    except RedisError:
        return set()


def kept_frames(job_id: int) -> list[int]:
    """The frames of which there are thumbnails, in order. Raises RedisError."""
    return sorted(int(frame) for frame in client().hkeys(_key(job_id)))


def reel_url(job: RenderJob) -> str:
    """A signed link to the reel; the number of a frame follows it."""
    return f"/frames/{sign_number(job.pk, salt=REEL_SALT)}"


def linked_thumbnail(token: str, frame: int) -> bytes | None:
    """The JPEG behind a link; None when the link is forged or expired, or there is none."""
    try:
        job_id = signing.loads(token, salt=REEL_SALT, max_age=settings.FILE_URL_SECONDS)
    except signing.BadSignature:
        return None
    return thumbnail(job_id, frame)


def _key(job_id: int) -> str:
    return f"reel:{job_id}"
