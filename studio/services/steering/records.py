"""What each frame was made with: rows while the film is made, its stored frame table afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any

from django.core.files.storage import default_storage
from django.db.models.functions import Now

from config.api.errors import DomainError, Unavailable
from config.platform.commits import asynchronous
from studio.models import FrameRecord, RenderJob
from studio.rendering.deforum.parameters import settings_from_table
from studio.rendering.deforum.settings import export_settings
from studio.rendering.errors import PlanError
from studio.rendering.plan import RenderPlan
from studio.services.jobs.causes import storage_away
from studio.services.steering.jobs import ensure_steerable
from studio.services.videos.settings_files import settings_file
from tenants.scope import all_tenants

MAX_FRAMES = 500
"""Of one answer."""
KEPT_HOURS = 24
"""After the end of a render; from then on its film's table is all there is."""

FRAMES_AT_ONCE = 5000

Record = Mapping[str, Any]


def keep_records(job: RenderJob, records: Sequence[Record]) -> None:
    """Write down what consecutive frames were made with; frames behind them, from before a rewind, are gone."""
    rows = [FrameRecord(tenant_id=job.tenant_id, job=job, frame=record["frame"], record=record) for record in records]
    with asynchronous():
        cut_records(job, records[0]["frame"])
        FrameRecord.objects.bulk_create(rows)


def cut_records(job: RenderJob, count: int) -> None:
    """Only the first ``count`` frames are there."""
    FrameRecord.objects.filter(job=job, frame__gte=count).delete()


def known_records(job: RenderJob) -> int:
    """How many frames there are rows of."""
    last = FrameRecord.objects.filter(job=job).order_by("-frame").values_list("frame", flat=True).first()
    return 0 if last is None else last + 1


def newest_record(job: RenderJob) -> Record:
    """Of the newest frame; empty when there is none."""
    found = FrameRecord.objects.filter(job=job).order_by("-frame").values_list("record", flat=True).first()
    return found or {}


def frame_records(job: RenderJob, *, start: int = 0, count: int | None = None) -> list[Record]:
    """The records of ``count`` frames from ``start`` on, as far as there are any; all of them without a count."""
    if job.frame_table is not None:
        return list(_stored(job, start, None if count is None else start + count))
    rows = FrameRecord.objects.filter(job=job, frame__gte=start).order_by("frame")
    return list(rows.values_list("record", flat=True)[:count])


def record_of(job: RenderJob) -> dict[str, object]:
    """The session so far as a Deforum settings file: rendered, it gives the same frames.

    Raises DomainError ``nothing_recorded`` (422) before the first frame.
    """
    ensure_steerable(job)
    records = frame_records(job)
    if not records:
        raise DomainError("nothing_recorded", "No frame of this render is on record.")
    try:
        settings = export_settings(settings_from_table(records))
    except PlanError as error:
        raise DomainError("nothing_recorded", error.message) from error
    plan = RenderPlan.from_json(job.plan)
    return settings_file(plan, settings, frames=len(records))


def sweep_records() -> int:
    """Remove the rows of renders that have long been over; answers how many. Over all tenants."""
    with all_tenants():
        over = RenderJob.objects.filter(finished_at__lt=Now() - timedelta(hours=KEPT_HOURS))
        old = FrameRecord.objects.filter(job__in=over.values("pk")).values_list("pk", flat=True)
        return FrameRecord.objects.filter(pk__in=list(old[:FRAMES_AT_ONCE])).delete()[0]


def _stored(job: RenderJob, start: int, end: int | None) -> Iterator[Record]:
    assert job.frame_table is not None
    try:
        with default_storage.open(job.frame_table.storage_key) as table:
            for line in islice(table, start, end):
                yield json.loads(line)
    except FileNotFoundError:
        return
    except storage_away() as error:
        raise Unavailable("The storage does not answer; try again in a moment") from error
