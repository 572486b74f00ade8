"""A render as whoever watches it is told of it: first the whole, then what happens (``config.platform.events``)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import redis

from accounts.models import User
from config.api.envelope import dumps
from config.platform import events
from config.platform.event_text import event, retry
from config.platform.streams import Followed, Told
from studio.models import RenderJob
from studio.services.steering.jobs import seen_job


def told_of_job(
    *, user: User, job_id: int, after: str | None, whole: Callable[[RenderJob], Mapping[str, object]]
) -> Told:
    """The render as it is, and what happened in it since ``after``. whole: its row. Raises NotFound."""
    try:
        page = events.read_job(job_id, after)
    except redis.RedisError:
        # Without Redis nothing is known to have happened, and the client keeps its place.
        page = None
    # Read after the log: what happened in between is told twice, and not left out.
    with seen_job(user=user, job_id=job_id) as job:
        row = whole(job)
    place = after if page is None or (after and not page.missed) else page.last
    return Told(events.job_log(job_id), after, page, retry() + event("snapshot", dumps(row), place))


def no_longer_watched(streams: Collection[Followed]) -> set[Followed]:
    """Those that follow a render which is gone, or not for them any more; over all tenants."""
    watched = {stream: job_id for stream in streams if (job_id := events.job_of(stream.log)) is not None}
    jobs = RenderJob.objects.filter(pk__in=set(watched.values()), video__deleted_at=None)
    owners = dict(jobs.values_list("pk", "owner_id"))
    foreign = {stream.user_id for stream, job_id in watched.items() if owners.get(job_id) != stream.user_id}
    staff = {user.pk for user in User.objects.filter(pk__in=foreign) if user.is_administrator}
    return {
        stream
        for stream, job_id in watched.items()
        if job_id not in owners or (owners[job_id] != stream.user_id and stream.user_id not in staff)
    }
