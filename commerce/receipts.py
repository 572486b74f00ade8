"""The receipt of a paid order as a page to print: the same for the API, the customer's pages and staff."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from commerce.models import Order
from config.api.errors import DomainError
from config.platform.content_policy import content_policy


def receipt_page(request: HttpRequest, order: Order) -> HttpResponse:
    """Raises DomainError ``order_not_paid``."""
    if order.paid_at is None:
        raise DomainError("order_not_paid", "An order has a receipt once it is paid.")
    response = render(request, "commerce/receipt.html", {"order": order})
    # Its style stays with it when it is saved.
    response["Content-Security-Policy"] = content_policy(inline_styles=True)
    return response
