"""Orders: place, look up, confirm; the receipt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from commerce.lists import PurchaseList, SaleList
from commerce.models import Order
from commerce.receipts import receipt_page
from commerce.rows import OrderRow, order_row
from commerce.serializers import ConfirmOrderSerializer, OrderInputSerializer
from commerce.services import orders
from config.api.envelope import ok
from config.api.idempotency import idempotent
from config.api.permissions import Authenticated
from config.api.views import APIViewSet, parse


class OrderViewSet(APIViewSet):
    """An order is seen by its customer, its seller and staff."""

    permissions: ClassVar = {
        "create": [Authenticated],
        "retrieve": [Authenticated],
        "receipt": [Authenticated],
        "purchases": [Authenticated],
        "sales": [Authenticated],
        "confirm": [Authenticated],
    }
    lists: ClassVar = {"purchases": PurchaseList, "sales": SaleList}

    @extend_schema(request=OrderInputSerializer, responses=OrderRow)
    @idempotent
    def create(self, request: Request) -> Response:
        """Order products of one seller; the server computes every price."""
        order = orders.place_order(user=request.user, **parse(OrderInputSerializer, request))
        return ok(self._row(request, order), "Order created successfully")

    @extend_schema(responses=OrderRow)
    def retrieve(self, request: Request, order_id: int) -> Response:
        order = orders.find_order(user=request.user, order_id=order_id)
        return ok(order_row(order), "Order retrieved successfully")

    @extend_schema(responses={(200, "text/html"): str})
    def receipt(self, request: Request, order_id: int) -> HttpResponse:
        """The receipt of a paid order, ready to print."""
        order = orders.find_order(user=request.user, order_id=order_id)
        # Django's request: the template's context processors know nothing of DRF's.
        return receipt_page(request._request, order)

    @extend_schema(responses=Sequence[OrderRow])
    def purchases(self, request: Request) -> Response:
        found = orders.with_details(Order.objects.filter(customer=request.user))
        return self.list_response(request, found, row=order_row, message="Purchases retrieved successfully")

    @extend_schema(responses=Sequence[OrderRow])
    def sales(self, request: Request) -> Response:
        found = orders.with_details(Order.objects.filter(seller=request.user))
        return self.list_response(request, found, row=order_row, message="Sales retrieved successfully")

    @extend_schema(request=ConfirmOrderSerializer, responses=OrderRow)
    def confirm(self, request: Request) -> Response:
        """The customer confirms: a paid order is finished; one from the personal balance is paid as well."""
        order_id = parse(ConfirmOrderSerializer, request)["orderId"]
        order = orders.find_order(user=request.user, order_id=order_id)
        order = orders.confirm_order(user=request.user, order=order)
        return ok(self._row(request, order), "Order confirmed successfully")

    def _row(self, request: Request, order: Order) -> OrderRow:
        return order_row(orders.find_order(user=request.user, order_id=order.pk))
