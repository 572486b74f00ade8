"""An encoder outside this product: it reads tickets from a watched folder and drops finished files there.

The ticket is ``job-<id>.json`` with the frozen plan; the answer is ``job-<id>.<mp4|mov|webm|mkv>`` in the same folder.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from django.conf import settings

from studio.models import RenderJob
from studio.render_provider import RenderProvider

OUTPUT_NAME = re.compile(r"job-(?P<job_id>\d{1,18})\.(mp4|mov|webm|mkv)", re.IGNORECASE)


class Encoder(RenderProvider):
    def is_set_up(self) -> bool:
        """Whether an encoder outside shares a folder with us."""
        return bool(settings.WATCH_PATHS)

    def hand_over(self, job: RenderJob) -> None:
        """Write the job's ticket, whole or not at all."""
        ticket = _ticket(settings.WATCH_PATHS[0], job)
        ticket.parent.mkdir(parents=True, exist_ok=True)
        partial = ticket.with_suffix(".partial")
        partial.write_text(json.dumps({"job_id": job.pk, "video_id": job.video_id, "plan": job.plan}, indent=2))
        partial.rename(ticket)

    def take_back(self, job: RenderJob) -> None:
        """Remove the job's ticket, if it is still there."""
        for folder in settings.WATCH_PATHS:
            _ticket(folder, job).unlink(missing_ok=True)


def job_id_of(path: Path) -> int | None:
    """Which job a file in a watched folder answers; None for files that answer none."""
    match = OUTPUT_NAME.fullmatch(path.name)
    return int(match["job_id"]) if match else None


def _ticket(folder: str, job: RenderJob) -> Path:
    return Path(folder) / f"job-{job.pk}.json"
