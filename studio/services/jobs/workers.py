"""Which workers there are, on which device, with what loaded, and what each renders.

A worker reports itself to Redis every few seconds (``studio.reports``); what it renders is read from the rows, which
are the truth.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
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
    """What a worker says of itself. Memory in bytes, moments in seconds since 1970."""

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
    """None: it holds a render, but has not been heard of."""
    silent_seconds: float
    alive: bool
    models: list[str]
    """That it keeps warm, by their names in the catalogue."""
    job: RenderJob | None
    drains: list[WorkerDrain]
    """Of itself, or of its machine."""


def report(worker: Report) -> None:
    """Raises RedisError."""
    client().hset(_KEY, worker["name"], orjson.dumps(worker))


def forget(name: str) -> None:
    """The worker ends. Raises RedisError."""
    client().hdel(_KEY, name)


def reports() -> list[Report]:
    """Of the last hour, by machine and name. Raises Unavailable when nobody can tell."""
    try:
        found = client().hgetall(_KEY)
        known: list[Report] = [orjson.loads(text) for text in found.values()]
        now = time.time()
        gone = [one["name"] for one in known if now - one["seen"] > _FORGOTTEN_AFTER]
        if gone:
            client().hdel(_KEY, *gone)
    except RedisError as error:
        raise Unavailable("Redis does not answer; which workers there are is not known") from error
    return sorted((one for one in known if one["name"] not in gone), key=lambda one: (one["machine"], one["name"]))


def worker_rows() -> list[WorkerRow]:
    """All that report, and those that hold a render without. Raises Unavailable as ``reports``."""
    known = reports()
    with all_tenants():
        running = RenderJob.objects.running().filter(provider="local").select_related("owner", "model_file")
        jobs = {job.worker: job for job in running.defer("plan", "cause", "parameters").order_by("pk")[:1000]}
    drains = {drain.name: drain for drain in WorkerDrain.objects.select_related("by")}
    models = {model_path(model).name: model.name for model in ModelFile.objects.filter(model_type="checkpoint")}
    return list(_rows(known, jobs, drains, models))


def _rows(
    known: list[Report],
    jobs: Mapping[str, RenderJob],
    drains: Mapping[str, WorkerDrain],
    models: Mapping[str, str],
) -> Iterator[WorkerRow]:
    now = time.time()
    for one in known:
        silent = max(0.0, now - one["seen"])
        names = (one["name"], one["machine"])
        yield {
            "name": one["name"],
            "report": one,
            "silent_seconds": silent,
            "alive": silent <= SILENT_AFTER,
            "models": [models.get(folder, folder) for folder in one["models"]],
            "job": jobs.get(one["name"]),
            "drains": [drains[name] for name in names if name in drains],
        }
    for name in sorted(set(jobs) - {one["name"] for one in known}):
        yield {
            "name": name,
            "report": None,
            "silent_seconds": 0.0,
            "alive": False,
            "models": [],
            "job": jobs[name],
            "drains": [drains[name]] if name in drains else [],
        }
