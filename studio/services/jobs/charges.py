"""What a render costs, and how its credits follow its state, in the transaction that moves the job."""

from __future__ import annotations

import math
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Q

from commerce.models import RENDER, CreditHold
from commerce.services.holds import capture_hold, change_hold, hold_credits, release_hold
from config.api.errors import DomainError
from studio.models import ModelFile, RenderJob

MAX_PRICE = 2**31 - 1
"""What one render can cost, by the columns that keep it."""

_SETTLED = {
    RenderJob.Status.COMPLETED: CreditHold.Status.CAPTURED,
    RenderJob.Status.FAILED: CreditHold.Status.RELEASED,
    RenderJob.Status.CANCELLED: CreditHold.Status.RELEASED,
}


def render_price(*, model_file: ModelFile, purpose: str, frames: int) -> int:
    """GPU credits for so many frames; a preview's cost a share of a final's, rounded up.

    Raises DomainError ``price_out_of_range`` (422) for what no wallet could pay.
    """
    price = model_file.price_per_frame * frames
    if purpose == RenderJob.Purpose.PREVIEW:
        # Ten decimals, so that a share such as 0.1 does not round a whole price up by one.
        price = math.ceil(round(price * settings.PREVIEW_PRICE_SHARE, 10))
    _ensure_payable(price)
    return price


def hold_price(job: RenderJob) -> None:
    """Set the price of a job that was just queued aside; a free one holds nothing."""
    if job.price == 0:
        return
    effect = job.effect
    # Not by its title: the ledger forgets nothing, not even when its user has to be forgotten.
    what = f"Applied effect: {effect.name}" if effect else f"{job.get_purpose_display()} of video {job.video_id}"
    job.hold = hold_credits(
        user=job.owner,
        amount=job.price,
        reference_type=RENDER,
        reference_id=job.pk,
        description=what,
        idempotency_key=f"render:{job.pk}",
        effect_id=effect.pk if effect else None,
        effect_name=effect.name if effect else "",
    )
    job.save(update_fields=["hold"])


def change_price(job: RenderJob, price: int) -> None:
    """What a job that is not over costs from now on, and holds; the caller has its row.

    Raises DomainError ``price_out_of_range`` and ``insufficient_credits`` (422).
    """
    _ensure_payable(price)
    before, job.price = job.price, price
    if price == before:
        return
    if job.hold is None:
        hold_price(job)
    elif price:
        change_hold(job.hold, price)
    else:
        release_hold(job.hold)
    job.save(update_fields=["price"])


def part_price(job: RenderJob, frames: int, *, price: int) -> int:
    """Of a film that has so many frames in the end: their share of what all of them cost, rounded up."""
    all_new, new = job.frames_total - job.frames_before, frames - job.frames_before
    return math.ceil(round(price * max(0, new) / max(1, all_new), 10))


def capture_price(job: RenderJob) -> None:
    """The render is done: it is paid, unless it came to nothing."""
    if job.hold is not None and job.price:
        capture_hold(job.hold)


def release_price(job: RenderJob) -> None:
    """The render failed or was cancelled: it costs nothing."""
    if job.hold is not None:
        release_hold(job.hold)


def check_holds() -> Iterator[str]:
    """What does not fit between jobs and their holds, for ``audit_ledger``; call it over all tenants."""
    for job in RenderJob.objects.filter(Q(price__gt=0) | Q(hold__isnull=False)).select_related("hold").iterator():
        expected = _SETTLED.get(RenderJob.Status(job.status), CreditHold.Status.HELD)
        if job.hold is None:
            yield f"render {job.pk} costs {job.price} and holds nothing"
        elif job.price == 0 and job.hold.status == CreditHold.Status.RELEASED:
            # It was stopped before it had made anything.
            continue
        elif job.hold.amount != job.price:
            yield f"render {job.pk} costs {job.price} and holds {job.hold.amount}"
        elif job.hold.status != expected:
            yield f"render {job.pk} is {job.status} and its credits are {job.hold.status}"
    for hold in CreditHold.objects.filter(reference_type=RENDER, render_job__isnull=True).iterator():
        yield f"hold {hold.pk} is for render {hold.reference_id}, which does not know it"


def _ensure_payable(price: int) -> None:
    if price > MAX_PRICE:
        raise DomainError(
            "price_out_of_range", f"This would cost {price} credits; a render may cost at most {MAX_PRICE}.",
            data={"required_tokens": price, "limit": MAX_PRICE},
        )  # fmt: skip
