"""Pages of money that are no list: the audit of the ledger, and receipts."""

from __future__ import annotations

import re
from typing import TypedDict

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from accounts.staff.who import who
from commerce.models import LedgerAudit, Order
from commerce.receipts import receipt_page
from commerce.services.audits import PERMISSION, ask_audit, newest_audits
from config.api.errors import DomainError
from config.staff_views import StaffView, staff_page, staff_views

_WALLET = re.compile(r"^wallet (\d+)")


class Finding(TypedDict):
    sentence: str
    link: str
    """Of the wallet that it is about."""


def audit_now(request: HttpRequest) -> HttpResponseBase:
    """What the newest audits of the ledger found (GET); have it audited anew (POST)."""
    if request.method == "POST":
        try:
            ask_audit(staff=who(request))
        except DomainError as error:
            messages.warning(request, error.message)
        else:
            messages.success(request, "The ledger is being audited; the result will be here.")
        return redirect("admin:audit_now")
    audits = list(newest_audits())
    under_way = any(one.outcome == LedgerAudit.Outcome.OPEN for one in audits)
    context = {
        "audits": audits,
        "under_way": under_way,
        "findings": [_finding(sentence) for sentence in audits[0].findings] if audits else [],
    }
    return staff_page(request, "admin/money/audit.html", "Audit of the ledger", context)


def receipt(request: HttpRequest, order_id: int) -> HttpResponseBase:
    """The receipt that the customer has."""
    order = Order.objects.select_related("customer", "seller", "promo_code", "invoice").filter(pk=order_id).first()
    if order is None or order.paid_at is None:
        raise Http404
    return receipt_page(request, order)


def _finding(sentence: str) -> Finding:
    found = _WALLET.match(sentence)
    return {
        "sentence": sentence,
        "link": reverse("admin:commerce_wallet_change", args=[found[1]]) if found else "",
    }


staff_views.plug(
    "audit_now",
    StaffView("money/audit/", audit_now, PERMISSION, title="Audit of the ledger", icon="fact_check", area="Money"),
)
staff_views.plug("order_receipt", StaffView("money/orders/<int:order_id>/receipt/", receipt, "commerce.view_order"))
