"""Render jobs as rows alone, for tests of the queue: nothing renders."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connection

from accounts.models import User
from studio.models import ModelFile, QueueTotal, RenderJob, Video
from studio.services.jobs.turns import check_all
from tenants.scope import tenant_scope


def make_row(owner: User, **fields: Any) -> RenderJob:
    """A job of a new video of the owner, queued unless ``fields`` say otherwise."""
    model, _ = ModelFile.objects.get_or_create(slug="m", defaults={"name": "m", "location": "m"})
    with tenant_scope(owner.tenant_id):
        video = Video.objects.create(owner=owner, type="vid2vid")
        defaults = {
            "purpose": "final",
            "workflow": "vid2vid",
            "model_file": model,
            "parameters": {},
            "plan": {},
            "queue": settings.LOW_PRIORITY_QUEUE,
            "frames_total": 10,
        }
        return RenderJob.objects.create(video=video, owner=owner, **{**defaults, **fields})


def ensure_counted() -> None:
    """The counters are what counting gives."""
    assert check_all() == {"users": 0, "totals": 0}
    assert not QueueTotal.objects.filter(jobs__lt=0).exists()


def execute(sql: str, *values: Any) -> None:
    """SQL at the database's own door, past every service."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
