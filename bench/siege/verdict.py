"""What must be true afterwards, asked of the database and the folders themselves."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

SETTLE_SECONDS = 900


def until_settled() -> None:
    """Wait until no render is under way."""
    from studio.models import RenderJob
    from tenants.scope import all_tenants

    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        with all_tenants():
            if not RenderJob.objects.active().exists():
                return
        time.sleep(1)


def lost_renders(jobs: set[int]) -> Iterator[str]:
    """Promised renders that neither ended well nor were cancelled by their owner."""
    from studio.models import RenderJob
    from tenants.scope import all_tenants

    with all_tenants():
        states = dict(RenderJob.objects.filter(pk__in=jobs).values_list("pk", "status"))
        errors = dict(RenderJob.objects.filter(status="failed").values_list("pk", "error_code"))
    for job in jobs:
        if states.get(job) not in ("completed", "cancelled"):
            yield f"render {job} is {states.get(job, 'gone')} {errors.get(job, '')}"


def lost_orders(orders: set[int]) -> Iterator[str]:
    from commerce.models import Order

    states = dict(Order.objects.filter(pk__in=orders).values_list("pk", "status"))
    for order in orders:
        if states.get(order) != "finished":
            yield f"order {order} is {states.get(order, 'gone')}"


def charged_twice(orders: set[int]) -> Iterator[str]:
    """The audit of the ledger, and more than one enrollment for a purchase."""
    from django.db.models import Count

    from commerce.models import FinanceOperation
    from commerce.services.audit import audit
    from tenants.scope import all_tenants

    yield from audit()
    with all_tenants():
        twice = (
            FinanceOperation.objects.exclude(reference_id=None)
            .values("reference_type", "reference_id", "wallet", "type")
            .annotate(times=Count("pk"))
            .filter(times__gt=1)
        )
        for row in twice:
            yield f"booked {row['times']} times: {row}"


def leftovers(data: Path) -> Iterator[str]:
    """Blobs without a row, work folders without a render, temporary files, open holds."""
    from django.conf import settings

    from commerce.models import CreditHold
    from studio.models import MediaFile, RenderJob
    from tenants.scope import all_tenants

    with all_tenants():
        named = set(MediaFile.objects.exclude(storage_key="").values_list("storage_key", flat=True))
        active = set(RenderJob.objects.active().values_list("pk", flat=True))
        held = CreditHold.objects.filter(status="held").count()
    media = Path(settings.MEDIA_ROOT)
    yield from _named("blob", (str(p.relative_to(media)) for p in media.rglob("*") if p.is_file()), named)
    folders = (p.name for p in Path(settings.WORK_DIR).glob("job-*"))
    yield from _named("work folder", folders, {f"job-{pk}" for pk in active})
    if settings.FILE_UPLOAD_TEMP_DIR:
        yield from _named("temporary file", (p.name for p in Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir()), set())
    if held:
        yield f"{held} holds are open"


def _named(what: str, found: Iterable[str], expected: set[str]) -> Iterator[str]:
    for name in found:
        if name not in expected:
            yield f"{what} left over: {name}"
