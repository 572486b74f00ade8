"""What commerce's lists can be filtered, searched and ordered by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from django.db.models import Model, Q, QuerySet

from commerce.models import FinanceOperation, Order, PaymentMethod
from config.api.fields import Bool, Choice, DateTime, Int, Number, Str
from config.api.filters import ListSpec

M = TypeVar("M", bound=Model)
R = TypeVar("R")


class Since(DateTime):
    """A plain parameter that means "from then on"."""

    def condition(self, operator: str, path: str, values: Sequence[object]) -> Q:
        return super().condition("greaterorequal", path, values)


class Until(DateTime):
    """A plain parameter that means "up to then", a whole day included."""

    def condition(self, operator: str, path: str, values: Sequence[object]) -> Q:
        return super().condition("lessorequal", path, values)


class ProductList(ListSpec):
    filters: ClassVar = {
        "id": Int(),
        "name": Str(),
        "price": Number(),
        "credits": Int(),
        "seller_id": Int(),
        "active": Bool(),
        "created_at": DateTime(),
    }
    params: ClassVar = {"categoryId": Int("category_id")}
    search: ClassVar = ("name", "description")
    order: ClassVar = ("id", "name", "price", "credits", "created_at")


class OrderList(ListSpec):
    """What all order lists share."""

    filters: ClassVar = {
        "id": Int(),
        "status": Choice(Order.Status),
        "payment_method": Choice(PaymentMethod),
        "total_cost": Number(),
        "credits": Int(),
        "created_at": DateTime(),
    }
    order: ClassVar = ("id", "status", "total_cost", "created_at")
    default_order: ClassVar = "created_at:desc"
    feed: ClassVar = ("id", "created_at")
    count_ttl: ClassVar = 60
    exact_below: ClassVar = 1000


class PurchaseList(OrderList):
    params: ClassVar = {
        "orderId": Int("id"),
        "sellerLogin": Str("seller__name"),
        "orderStatus": Choice(Order.Status, "status"),
    }
    search: ClassVar = ("items__name",)

    @classmethod
    def apply_search(cls, queryset: QuerySet[M, R], text: str) -> QuerySet[M, R]:
        return super().apply_search(queryset, text).distinct()


class SaleList(PurchaseList):
    params: ClassVar = {
        "orderId": Int("id"),
        "customerLogin": Str("customer__name"),
        "orderStatus": Choice(Order.Status, "status"),
    }


class StaffOrderList(OrderList):
    params: ClassVar = {**PurchaseList.params, **SaleList.params}
    search: ClassVar = ("customer__name", "customer__email", "seller__name")


class WalletList(ListSpec):
    filters: ClassVar = {"id": Int(), "balance": Number(), "currency": Str(), "created_at": DateTime()}
    order: ClassVar = ("id", "balance", "created_at")


class WalletTypeList(ListSpec):
    filters: ClassVar = {"id": Int(), "name": Str(), "currency": Str()}
    search: ClassVar = ("name",)
    order: ClassVar = ("id", "name")


class OperationList(ListSpec):
    filters: ClassVar = {
        "id": Int(),
        "type": Choice(FinanceOperation.Type),
        "status": Choice(FinanceOperation.Status),
        "wallet_id": Int(),
        "amount": Number(),
        "reference_type": Str(),
        "reference_id": Int(),
        "created_at": DateTime(),
    }
    params: ClassVar = {"type": Choice(FinanceOperation.Type)}
    search: ClassVar[Sequence[str]] = ("description",)
    order: ClassVar = ("id", "amount", "type", "status", "created_at")
    default_order: ClassVar = "id:desc"
    feed: ClassVar = ("id",)
    count_ttl: ClassVar = 60
    exact_below: ClassVar = 1000


class StaffOperationList(OperationList):
    params: ClassVar = {
        **OperationList.params,
        "id": Int(),
        "userLogin": Str("user__name"),
        "statusId": Choice(FinanceOperation.Status, "status"),
        "startDate": Since("created_at"),
        "endDate": Until("created_at"),
    }
    search: ClassVar = ("description", "user__name", "user__email")


class StaffPurchaseList(OrderList):
    """Document B's purchases of one user."""

    search: ClassVar = ("items__name",)
    apply_search = PurchaseList.apply_search


class TokenList(ListSpec):
    """Document B's token history of one user."""

    filters: ClassVar = {
        "id": Int(),
        "type": Choice(FinanceOperation.Type),
        "amount": Number(),
        "reference_type": Str(),
        "reference_id": Int(),
        "created_at": DateTime(),
    }
    search: ClassVar = ("description",)
    order: ClassVar = ("id", "amount", "created_at")
    default_order: ClassVar = "id:desc"
    feed: ClassVar = ("id",)
    count_ttl: ClassVar = 60
    exact_below: ClassVar = 1000


class CategoryList(ListSpec):
    filters: ClassVar = {"id": Int(), "name": Str(), "slug": Str()}
    search: ClassVar = ("name", "description")
    order: ClassVar = ("id", "name", "sort_order")
    default_order: ClassVar = "sort_order:asc"
