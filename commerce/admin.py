"""Commerce for staff. What is money is shown and never edited; what changes it goes through the services."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from commerce.models import (
    CreditHold,
    FinanceOperation,
    Invoice,
    Order,
    OrderItem,
    OrderStatusChange,
    Payment,
    PaymentEvent,
    Product,
    PromoCode,
    Wallet,
    WalletType,
)
from commerce.services import finance, orders, products
from config.api.errors import DomainError, all_problems
from config.staff_pages import ReadOnly, StaffInline, StaffPage

M = TypeVar("M", bound=Model)


def apply(page: admin.ModelAdmin, request: HttpRequest, rows: QuerySet[M], verb: Callable[[M], object]) -> None:
    """Do something to each selected row, and say which refused."""
    done = 0
    for row in rows:
        try:
            verb(row)
        except DomainError as error:
            page.message_user(request, f"{row}: {error}", messages.ERROR)
        else:
            done += 1
    if done:
        page.message_user(request, f"{done} changed.", messages.SUCCESS)


@admin.register(WalletType)
class WalletTypeAdmin(StaffPage):
    list_display = ("name", "kind", "wallet_symbol", "currency")
    fields = ("name", "wallet_symbol", "currency")

    def has_delete_permission(self, request: HttpRequest, obj: WalletType | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.is_builtin)

    def get_readonly_fields(self, request: HttpRequest, obj: WalletType | None = None) -> tuple[str, ...]:
        # Wallets have taken the currency over.
        return ("currency",) if obj else ()


@admin.register(Wallet)
class WalletAdmin(ReadOnly, StaffPage):
    list_display = ("id", "user", "wallet_type", "balance", "held", "currency", "closed_at")
    list_filter = ("kind", "currency")
    search_fields = ("=id", "user")
    list_select_related = ("user", "wallet_type")


@admin.register(FinanceOperation)
class FinanceOperationAdmin(ReadOnly, StaffPage):
    list_display = ("id", "user", "type", "status", "amount", "balance_after", "description", "created_at")
    list_filter = ("type", "status", "reference_type")
    search_fields = ("=id", "user", "=reference_id", "=idempotency_key", "description")
    search_help_text = "Number, user, tenant, number of the order or render, or a part of a newer entry's description"
    list_select_related = ("user",)
    actions = ("execute", "cancel")

    @admin.action(description="Execute the selected operations")
    def execute(self, request: HttpRequest, rows: QuerySet[FinanceOperation, FinanceOperation]) -> None:
        status = FinanceOperation.Status.EXECUTED
        apply(self, request, rows, lambda row: finance.change_status(user=request.user, operation=row, status=status))  # type: ignore[arg-type]

    @admin.action(description="Cancel the selected operations")
    def cancel(self, request: HttpRequest, rows: QuerySet[FinanceOperation, FinanceOperation]) -> None:
        apply(self, request, rows, lambda row: finance.cancel_operation(operation=row, info="Cancelled by staff"))


@admin.register(CreditHold)
class CreditHoldAdmin(ReadOnly, StaffPage):
    list_display = ("id", "user", "amount", "status", "reference_type", "reference_id", "created_at", "settled_at")
    list_filter = ("status", "reference_type")
    search_fields = ("=id", "user", "=reference_id", "description")
    list_select_related = ("user",)


class ProductForm(forms.ModelForm):
    class Meta:
        model = Product
        fields = ("category", "name", "description", "price", "credits", "availability", "active")

    def clean(self) -> dict[str, object]:
        values = super().clean() or {}
        category = values.get("category")
        asked = {name: values[name] for name in ("price", "credits") if values.get(name) is not None}
        asked |= {"category_id": category.pk} if category else {}
        for field, reasons in all_problems(lambda: products.check_product(self.instance, asked)).items():
            self.add_error("category" if field == "categoryId" else field, reasons)
        return values


@admin.register(Product)
class ProductAdmin(StaffPage):
    form = ProductForm
    list_display = ("name", "category", "seller", "price", "credits", "availability", "active", "deleted_at")
    list_filter = ("active", "category")
    indexed_filters = ("seller",)
    search_fields = ("=id", "seller", "name")
    readonly_fields = ("seller", "deleted_at", "created_at", "updated_at")
    list_select_related = ("category", "seller")


class PromoCodeForm(forms.ModelForm):
    class Meta:
        model = PromoCode
        fields = (
            "code", "kind", "value", "minimum", "starts_at", "ends_at", "max_uses", "max_uses_per_user", "active",
        )  # fmt: skip

    def clean_code(self) -> str:
        # As it is kept: another code in small letters is the same one.
        return str(self.cleaned_data["code"]).strip().upper()


@admin.register(PromoCode)
class PromoCodeAdmin(StaffPage):
    form = PromoCodeForm
    list_display = ("code", "kind", "value", "minimum", "starts_at", "ends_at", "uses", "max_uses", "active")
    list_filter = ("active", "kind")
    search_fields = ("code",)
    readonly_fields = ("uses", "created_at")


class OrderItemInline(StaffInline):
    model = OrderItem


class OrderStatusChangeInline(StaffInline):
    model = OrderStatusChange


@admin.register(Order)
class OrderAdmin(ReadOnly, StaffPage):
    list_display = ("number", "customer", "seller", "status", "total_cost", "currency", "payment_method", "created_at")
    list_filter = ("status", "payment_method")
    indexed_filters = ("customer", "seller")
    search_fields = ("=id", "customer", "seller")
    search_help_text = "Number, or customer or seller: words of address or name, or the tenant's domain"
    list_select_related = ("customer", "seller")
    inlines = (OrderItemInline, OrderStatusChangeInline)
    actions = ("mark_paid", "cancel", "refund")

    @admin.action(description="The money has arrived: mark as paid")
    def mark_paid(self, request: HttpRequest, rows: QuerySet[Order, Order]) -> None:
        self._change(request, rows, Order.Status.PAID)

    @admin.action(description="Cancel the selected orders")
    def cancel(self, request: HttpRequest, rows: QuerySet[Order, Order]) -> None:
        self._change(request, rows, Order.Status.CANCELLED)

    @admin.action(description="Pay the selected orders back")
    def refund(self, request: HttpRequest, rows: QuerySet[Order, Order]) -> None:
        self._change(request, rows, Order.Status.REFUNDED)

    def _change(self, request: HttpRequest, rows: QuerySet[Order, Order], status: str) -> None:
        apply(self, request, rows, lambda row: orders.change_status(staff=request.user, order=row, status=status))  # type: ignore[arg-type]


@admin.register(Invoice)
class InvoiceAdmin(ReadOnly, StaffPage):
    list_display = ("number", "order", "issued_at")
    list_filter = ("year",)
    ordering = ("-id",)
    indexed_filters = ("order",)
    search_fields = ("=order", "=serial")
    search_help_text = "Number of the order or the invoice"
    list_select_related = ("order",)


@admin.register(Payment)
class PaymentAdmin(ReadOnly, StaffPage):
    list_display = ("intent_id", "user", "order", "amount", "currency", "status", "refunded_amount", "created_at")
    list_filter = ("status", "provider")
    indexed_filters = ("order", "user")
    search_fields = ("=id", "=intent_id", "=order", "user")
    list_select_related = ("user", "order")


@admin.register(PaymentEvent)
class PaymentEventAdmin(ReadOnly, StaffPage):
    list_display = ("event_id", "type", "payment", "outcome", "received_at", "applied_at")
    list_filter = ("type", "outcome")
    search_fields = ("=event_id", "=object_id", "=payment__intent_id")
    list_select_related = ("payment",)
