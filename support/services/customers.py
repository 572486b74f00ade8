"""Who asks: what stands beside the talk, so that nobody has to look for it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypedDict

from accounts.models import User
from commerce.models import Order, Wallet, WalletType
from studio.models import RenderJob, Video
from support.models import SupportRequest
from tenants.scope import all_tenants

NEWEST = 5


class CustomerRow(TypedDict):
    user: User | None
    """None: somebody without an account, of whom only the other requests by the same address are known."""
    credits: Decimal | None
    held: Decimal | None
    orders: Sequence[Order]
    videos: Sequence[Video]
    failures: Sequence[RenderJob]
    requests: Sequence[SupportRequest]


def customer_of(request: SupportRequest) -> CustomerRow:
    """The customer's newest rows of each kind, in one query each."""
    user = request.author
    same = {"author": user} if user else {"author": None, "email": request.email}
    others = SupportRequest.objects.filter(**same).exclude(pk=request.pk).order_by("-id")[:NEWEST]
    if user is None:
        return {
            "user": None, "credits": None, "held": None, "orders": [], "videos": [], "failures": [],
            "requests": list(others) if request.email else [],
        }  # fmt: skip
    with all_tenants():
        wallet = Wallet.objects.filter(tenant=user.tenant_id, user=user, kind=WalletType.Kind.CREDITS).first()
        videos = Video.objects.filter(owner=user).order_by("-id").only("title", "status", "created_at")
        # Of the newest renders: a customer may have made hundreds of thousands.
        jobs = RenderJob.objects.filter(owner=user).order_by("-id").only("status", "error", "error_code", "finished_at")
        failures = [job for job in jobs[: 10 * NEWEST] if job.status == RenderJob.Status.FAILED]
        return {
            "user": user, "credits": wallet.available if wallet else None, "held": wallet.held if wallet else None,
            "orders": list(Order.objects.filter(customer=user).order_by("-created_at", "-id")[:NEWEST]),
            "videos": list(videos[:NEWEST]), "failures": failures[:NEWEST], "requests": list(others),
        }  # fmt: skip
