"""What staff see of everybody's money: document A's ``administration/*`` and document B's ``admin/*``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from commerce.lists import StaffOperationList, StaffOrderList, StaffPurchaseList, TokenList
from commerce.models import FinanceOperation, Order, WalletType
from commerce.rows import (
    OperationRow,
    OrderRow,
    PurchaseRow,
    TokenTransactionRow,
    operation_row,
    order_row,
    purchase_row,
    token_row,
)
from commerce.serializers import OrderStatusInputSerializer
from commerce.services import orders
from commerce.services.analytics import TokenSpendingRow, token_spending
from config.api.envelope import ok
from config.api.errors import NotFound, ValidationFailed
from config.api.fields import Date
from config.api.permissions import IsAdministrator
from config.api.views import APIView, APIViewSet, parse
from tenants.scope import all_tenants


class FinanceAdministrationViewSet(APIViewSet):
    permissions: ClassVar = {"list": [IsAdministrator]}
    lists: ClassVar = {"list": StaffOperationList}

    @extend_schema(responses=Sequence[OperationRow])
    def list(self, request: Request) -> Response:
        """Everybody's operations: ``id, userLogin, statusId, startDate, endDate`` narrow them."""
        with all_tenants():
            found = FinanceOperation.objects.select_related("user", "wallet__wallet_type")
            row = partial(operation_row, viewer=request.user)
            return self.list_response(request, found, row=row, message="Finance operations retrieved successfully")


class OrderAdministrationViewSet(APIViewSet):
    permissions: ClassVar = {"list": [IsAdministrator], "change_status": [IsAdministrator]}
    lists: ClassVar = {"list": StaffOrderList}

    @extend_schema(responses=Sequence[OrderRow])
    def list(self, request: Request) -> Response:
        found = orders.with_details(Order.objects.all())
        return self.list_response(request, found, row=order_row, message="Orders retrieved successfully")

    @extend_schema(request=OrderStatusInputSerializer, responses=OrderRow)
    def change_status(self, request: Request) -> Response:
        """A transfer or cash arrived, an order is finished, called off, or paid back."""
        values = parse(OrderStatusInputSerializer, request)
        order = orders.find_order(user=request.user, order_id=values["id"])
        orders.change_status(staff=request.user, order=order, status=values["status"])
        order = orders.find_order(user=request.user, order_id=order.pk)
        return ok(order_row(order), "Order status updated successfully")


class UserMoneyViewSet(APIViewSet):
    """Document B: what one user bought, and what became of their credits."""

    permissions: ClassVar = {"purchases": [IsAdministrator], "tokens": [IsAdministrator]}
    lists: ClassVar = {"purchases": StaffPurchaseList, "tokens": TokenList}

    @extend_schema(responses=Sequence[PurchaseRow])
    def purchases(self, request: Request, user_id: int) -> Response:
        found = Order.objects.filter(customer=_find_user(user_id), paid_at__isnull=False)
        return self.list_response(request, found, row=purchase_row, message="Purchases retrieved successfully")

    @extend_schema(responses=Sequence[TokenTransactionRow])
    def tokens(self, request: Request, user_id: int) -> Response:
        with all_tenants():
            found = FinanceOperation.objects.filter(
                user=_find_user(user_id),
                wallet__kind=WalletType.Kind.CREDITS,
                status=FinanceOperation.Status.EXECUTED,
            )
            return self.list_response(
                request, found, row=token_row, message="Token transactions retrieved successfully"
            )


class TokenSpendingView(APIView):
    permissions: ClassVar = {"get": [IsAdministrator]}

    GRANULARITIES: ClassVar = ("day", "week", "month")

    @extend_schema(
        responses=TokenSpendingRow,
        parameters=[
            OpenApiParameter("from", date, description="First day."),
            OpenApiParameter("to", date, description="Last day."),
            OpenApiParameter("created_at:between", str, description="The same, as one filter: two days."),
            OpenApiParameter("granularity", str, enum=GRANULARITIES, default="day"),
        ],
    )
    def get(self, request: Request) -> Response:
        """Credits spent on renders, over the platform."""
        since, until, granularity = self._query(request.query_params)
        data = token_spending(since=since, until=until, granularity=granularity)
        return ok(data, "Token spending analytics retrieved successfully")

    def _query(self, params: Mapping[str, str]) -> tuple[date | None, date | None, Any]:
        problems: dict[str, list[str]] = {}
        for name in params:
            if ":" in name and name != "created_at:between":
                problems[name] = ["Only created_at:between can be filtered by."]
        since, until = self._day(params, "from", problems), self._day(params, "to", problems)
        if "created_at:between" in params:
            try:
                since, until = Date().values("between", params["created_at:between"])
            except ValueError as error:
                problems["created_at:between"] = [str(error)]
        granularity = params.get("granularity", "day")
        if granularity not in self.GRANULARITIES:
            problems["granularity"] = ["Must be day, week or month."]
        if since and until and since > until:
            problems["from"] = ["Must not be after the last day."]
        if problems:
            raise ValidationFailed(problems)
        return since, until, granularity

    def _day(self, params: Mapping[str, str], name: str, problems: dict[str, list[str]]) -> date | None:
        if name not in params:
            return None
        try:
            return Date().parse(params[name])
        except ValueError as error:
            problems[name] = [str(error)]
            return None


def _find_user(user_id: int) -> User:
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound("User not found")
    return user
