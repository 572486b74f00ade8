"""Staff have the ledger audited: in the background, one audit at a time, and what each found is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.services.audit import record
from commerce.models import FinanceOperation, LedgerAudit, Wallet
from commerce.services.audit import audit
from config.api.errors import Conflict, Forbidden
from config.platform import background
from tenants.scope import all_tenants

PERMISSION: Final = "commerce.change_financeoperation"
AUDIT_SECONDS: Final = 3600
SHOWN_FINDINGS: Final = 1_000
Outcome = LedgerAudit.Outcome


def ask_audit(*, staff: User) -> LedgerAudit:
    """Have the ledger audited. Raises Forbidden, and Conflict while an audit is under way."""
    if not staff.has_perm(PERMISSION):
        raise Forbidden("Only finance has the ledger audited", code="staff_only")
    _give_up()
    try:
        with transaction.atomic():
            asked = LedgerAudit.objects.create(asked_by=staff)
            record("ledger.audit_asked", actor=staff, audit=asked.pk)
            background.enqueue(run_audit, asked.pk, seconds=AUDIT_SECONDS, retry=False)
    except IntegrityError as error:
        raise Conflict("An audit is under way: its result will be here.") from error
    return asked


def run_audit(audit_id: int) -> None:
    """For the background worker; a second call does nothing."""
    mine = LedgerAudit.objects.filter(pk=audit_id, outcome=Outcome.OPEN, began_at=None)
    if not mine.update(began_at=timezone.now()):
        return
    with all_tenants():
        wallets = Wallet.objects.count()
        entries = FinanceOperation.objects.filter(status=FinanceOperation.Status.EXECUTED).count()
    try:
        findings = audit()
    except Exception:
        _end(audit_id, outcome=Outcome.FAILED)
        raise
    _end(
        audit_id,
        outcome=Outcome.UNSOUND if findings else Outcome.SOUND,
        wallets=wallets,
        entries=entries,
        found=len(findings),
        findings=findings[:SHOWN_FINDINGS],
    )


def newest_audits() -> QuerySet[LedgerAudit]:
    return LedgerAudit.objects.select_related("asked_by").order_by("-id")[:20]


def _end(audit_id: int, **columns: object) -> None:
    LedgerAudit.objects.filter(pk=audit_id, outcome=Outcome.OPEN).update(finished_at=timezone.now(), **columns)


def _give_up() -> None:
    """Those whose worker died: nobody will end them."""
    silent = LedgerAudit.objects.filter(
        outcome=Outcome.OPEN, asked_at__lt=timezone.now() - timedelta(seconds=AUDIT_SECONDS)
    )
    silent.update(outcome=Outcome.FAILED, finished_at=timezone.now())
