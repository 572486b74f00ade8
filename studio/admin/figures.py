"""Renders, queues, workers and storage on the overview."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse

from config.staff_figures import Cell, Chart, Figure, Part, Period, StaffFigures, Table, staff_figures
from studio.admin.boards import OPERATE
from studio.admin.display import seconds_text, size_text
from studio.models import RenderJob
from studio.services.files.figures import stored
from studio.services.jobs.figures import ended, overview, waiting
from studio.services.jobs.workers import WorkerRow, worker_rows

Status = RenderJob.Status
SHOWN_WORKERS = 50
_WORKER = ("Worker", "Device", "Memory", "Models loaded", "Renders")


def _now(period: Period) -> Part:
    found = overview()
    return Part(
        [
            Figure("Rendering", f"{found.running:,}", _jobs(status__exact=Status.RUNNING)),
            Figure("Queued", f"{found.queued:,}", _jobs(status__exact=Status.QUEUED)),
            Figure("Paused", f"{found.paused:,}", _jobs(status__exact=Status.PAUSED)),
        ],
        tables=[
            Table(
                "Queues",
                ("Queue", "Renders that wait", "Longest wait"),
                [
                    (
                        Cell(row.queue, _jobs(status__exact=Status.QUEUED, queue=row.queue)),
                        Cell(f"{row.depth:,}"),
                        Cell(seconds_text(row.longest_wait) if row.depth else ""),
                    )
                    for row in waiting()
                ],
            )
        ],
    )


def _workers(period: Period) -> Part:
    rows = worker_rows()
    alive = [row for row in rows if row["alive"]]
    board = reverse("admin:render_workers")
    return Part(
        [
            Figure("Workers alive", f"{len(alive):,}", board, alarm=not alive),
            Figure("GPUs", f"{len({_device(row) for row in alive if _device(row).startswith('cuda')}):,}", board),
            Figure("Silent", f"{len(rows) - len(alive):,}", board, "not heard of lately", alarm=len(alive) < len(rows)),
        ],
        tables=[Table("Workers", _WORKER, [_cells(row) for row in rows[:SHOWN_WORKERS]])],
    )


def _cells(row: WorkerRow) -> list[Cell]:
    report, job = row["report"], row["job"]
    memory = f"{size_text(report['memory_used'])} of {size_text(report['memory_total'])}" if report else ""
    renders = Cell(str(job.pk), reverse("admin:studio_renderjob_change", args=[job.pk])) if job else Cell("nothing")
    return [
        Cell(row["name"][:13], reverse("admin:render_workers")),
        Cell(_device(row) or "nothing loaded yet"),
        Cell(memory),
        Cell(", ".join(row["models"]) or "none"),
        renders,
    ]


def _device(row: WorkerRow) -> str:
    return row["report"]["device"] if row["report"] else ""


def _renders(period: Period) -> Part:
    rows = ended(period.since, period.step)
    completed = sum(row.renders for row in rows if row.status == Status.COMPLETED)
    failed = [row for row in rows if row.status == Status.FAILED]
    by_code: dict[str, int] = {}
    for row in failed:
        by_code[row.code] = by_code.get(row.code, 0) + row.renders
    failures = sum(by_code.values())
    tried = completed + failures
    since = {"finished_at__gte": period.since.isoformat()}
    done = _jobs(status__exact=Status.COMPLETED, **since)
    lines = {
        title: {
            moment: float(sum(row.renders for row in rows if row.moment == moment and row.status == status))
            for moment in {row.moment for row in rows}
        }
        for title, status in (("completed", Status.COMPLETED), ("failed", Status.FAILED))
    }
    codes = sorted(by_code.items(), key=lambda item: -item[1])[:20]
    return Part(
        [
            Figure("Renders an hour", f"{completed / period.hours:,.1f}", done),
            Figure("Completed", f"{completed:,}", done),
            Figure(
                "Failed",
                _percent(failures, tried),
                _jobs(status__exact=Status.FAILED, **since),
                f"{failures:,} of {tried:,}",
                alarm=failures > 0.1 * tried,
            ),
        ],
        [Chart("Renders", period, lines)],
        [
            Table(
                "Failures by code",
                ("Code", "Renders", "Of all"),
                [
                    (
                        Cell(code or "none", _jobs(status__exact=Status.FAILED, error_code__exact=code, **since)),
                        Cell(f"{renders:,}"),
                        Cell(_percent(renders, tried)),
                    )
                    for code, renders in codes
                ],
            )
        ],
    )


def _storage(period: Period) -> Part:
    rows, at = stored()
    files = reverse("admin:studio_mediafile_changelist")
    return Part(
        [Figure("Storage used", size_text(sum(row.size for row in rows)), files, f"as of {at:%b %-d, %H:%M} UTC")],
        tables=[
            Table(
                "Files by kind",
                ("Kind", "Files", "Size"),
                [
                    (Cell(kind, f"{files}?kind__exact={kind}"), Cell(f"{count:,}"), Cell(size_text(size)))
                    for kind, count, size in rows
                ],
            )
        ],
    )


def _jobs(**chosen: object) -> str:
    return f"{reverse('admin:studio_renderjob_changelist')}?{urlencode(chosen)}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "0 %"


staff_figures.plug("now", StaffFigures("At this moment", "studio.view_renderjob", _now, live=True, order=10))
staff_figures.plug("workers", StaffFigures("Workers", OPERATE, _workers, live=True, order=20))
staff_figures.plug("renders", StaffFigures("Renders", "studio.view_renderjob", _renders, order=30))
staff_figures.plug("storage", StaffFigures("Storage", OPERATE, _storage, order=70))
