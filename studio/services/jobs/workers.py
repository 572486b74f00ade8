"""Which workers there are, on which device, with what loaded, and what each renders.

A worker reports itself to Redis every few seconds (``studio.reports``); what it renders is read from the rows, which
are the truth.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TypedDict

import orjson
from redis.exceptions import RedisError

from config.api.errors import Unavailable
from config.platform.redis_link import client
from studio.models import ModelFile, RenderJob, WorkerDrain
from studio.services.catalogue.models import model_path
from tenants.scope import all_tenants

logger = logging.getLogger(__name__)

REPORT_SECONDS = 5.0
SILENT_AFTER = 4 * REPORT_SECONDS
"""A worker that has not reported for so long is not there, or can't reach Redis."""

_KEY = "render-workers"
_FORGOTTEN_AFTER = 3600.0


class Report(TypedDict):
    """What a worker says of itself. Memory in bytes, moments in seconds since 1970 by Redis' clock."""

    name: str
    machine: str
    pid: int
    queues: list[str]
    device: str
    """Where it renders; empty before its first render."""
    memory_used: int
    """Of the device, by this process; of a CPU, of the machine."""
    memory_total: int
    models: list[str]
    """Folders of the models that it keeps warm."""
    started: float
    seen: float


class WorkerRow(TypedDict):
    """A worker as staff see it."""

    name: str
    report: Report | None
    """None: it holds a render or is drained, but has not been heard of."""
    silent_seconds: float
    alive: bool
    models: list[str]
    """That it keeps warm, by their names in the catalogue."""
    job: RenderJob | None
    drains: list[WorkerDrain]
    """Of itself, or of its machine."""


def now() -> float:
    """Seconds since 1970, by the clock that all workers share. Raises RedisError."""
    seconds, micros = client().time()
    return float(seconds) + float(micros) / 1e6


def report(worker: Report) -> None:
    """Raises RedisError."""
    client().hset(_KEY, worker["name"], orjson.dumps(worker))


def forget(name: str) -> None:
    """The worker ends. Raises RedisError."""
    client().hdel(_KEY, name)


def reports() -> list[Report]:
    """Of the last hour, by machine and name. Raises Unavailable when nobody can tell."""
    return _heard()[0]


def _heard() -> tuple[list[Report], float]:
    """The reports, and when that was."""
    try:
        found = client().hgetall(_KEY)
        known: list[Report] = [orjson.loads(text) for text in found.values()]
        moment = now()
        gone = [one["name"] for one in known if moment - one["seen"] > _FORGOTTEN_AFTER]
        if gone:
            client().hdel(_KEY, *gone)
    except RedisError as error:
        raise Unavailable("Redis does not answer; which workers there are is not known") from error
    kept = (one for one in known if one["name"] not in gone)
    return sorted(kept, key=lambda one: (one["machine"], one["name"])), moment


def worker_rows() -> list[WorkerRow]:
    """All that report, and those that hold a render or are drained without. Raises Unavailable as ``reports``."""
    known, moment = _heard()
    with all_tenants():
        running = RenderJob.objects.running().filter(provider="local").select_related("owner", "model_file")
        # Whoever claims says who it is; rows from elsewhere may not.
        named = running.exclude(worker="").defer("plan", "cause", "parameters")
        jobs = {job.worker: job for job in named.order_by("pk")[:1000]}
    drains = {drain.name: drain for drain in WorkerDrain.objects.select_related("by")}
    models = {model_path(model).name: model.name for model in ModelFile.objects.filter(model_type="checkpoint")}
    rows = [_row(one["name"], one, moment - one["seen"], jobs, drains, models) for one in known]
    seen = {name for one in known for name in (one["name"], one["machine"])}
    unheard = sorted({*jobs, *drains} - seen)
    return rows + [_row(name, None, 0.0, jobs, drains, models) for name in unheard]


def _row(
    name: str,
    told: Report | None,
    silent: float,
    jobs: Mapping[str, RenderJob],
    drains: Mapping[str, WorkerDrain],
    models: Mapping[str, str],
) -> WorkerRow:
    names = [name, told["machine"]] if told else [name]
    return {
        "name": name,
        "report": told,
        "silent_seconds": max(0.0, silent),
        "alive": told is not None and silent <= SILENT_AFTER,
        "models": [models.get(folder, folder) for folder in told["models"]] if told else [],
        "job": jobs.get(name),
        "drains": [drains[one] for one in dict.fromkeys(names) if one in drains],
    }
