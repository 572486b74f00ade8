"""Commerce for staff. What is money is shown and never edited; what changes it goes through the services."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from commerce.admin.acts import OPERATION_ACTS, ORDER_ACTS, PROMO_ACTS, WALLET_ACTS
from commerce.models import (
    CreditHold,
    FinanceOperation,
    Invoice,
    Order,
    OrderItem,
    OrderRefund,
    OrderStatusChange,
    Payment,
    PaymentEvent,
    Product,
    PromoCode,
    Wallet,
    WalletType,
)
from commerce.services import products
from config.api.errors import all_problems
from config.staff_acts import Act
from config.staff_many import act_on_many
from config.staff_pages import ReadOnly, StaffInline, StaffPage

SHOWN_USES = 20


class ActsOnMany(StaffPage):
    """Whose acts are the actions of its list, too, for whoever may do them."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found: dict[str, Any] = super().get_actions(request)
        may = (act for act in self.acts if request.user.has_perm(act.permission))
        return found | {act.verb: (partial(_act_on_many, act), act.verb, act.title) for act in may}


def _act_on_many(act: Act, page: StaffPage, request: HttpRequest, rows: QuerySet[Model, Model]) -> HttpResponse | None:
    return act_on_many(request, rows, act)


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
    acts = WALLET_ACTS
    list_display = ("id", "user", "wallet_type", "balance", "held", "currency", "closed_at")
    list_filter = ("kind", "currency")
    search_fields = ("=id", "user")
    list_select_related = ("user", "wallet_type")


@admin.register(FinanceOperation)
class FinanceOperationAdmin(ReadOnly, ActsOnMany):
    acts = OPERATION_ACTS
    list_display = ("id", "user", "type", "status", "amount", "balance_after", "description", "created_at")
    list_filter = ("type", "status", "reference_type")
    search_fields = ("=id", "user", "=reference_id", "=idempotency_key", "description")
    search_help_text = "Number, user, tenant, number of the order or render, or a part of a newer entry's description"
    list_select_related = ("user",)


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

    def clean(self) -> dict[str, Any]:
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
            "code", "kind", "value", "minimum", "starts_at", "ends_at", "max_uses", "max_uses_per_user",
        )  # fmt: skip

    def clean_code(self) -> str:
        # As it is kept: another code in small letters is the same one.
        return str(self.cleaned_data["code"]).strip().upper()


@admin.register(PromoCode)
class PromoCodeAdmin(StaffPage):
    form = PromoCodeForm
    acts = PROMO_ACTS
    list_display = ("code", "kind", "value", "minimum", "starts_at", "ends_at", "uses", "max_uses", "active")
    list_filter = ("active", "kind")
    search_fields = ("code",)
    readonly_fields = ("active", "uses", "used_by", "created_at")

    @admin.display(description="used by")
    def used_by(self, code: PromoCode) -> str:
        """The newest orders with it, and the way to all."""
        found = list(code.orders.select_related("customer").order_by("-pk")[:SHOWN_USES])
        if not found:
            return "nobody yet"
        rows = format_html_join(
            "",
            "<li>{}: {}, {} off, {}</li>",
            (
                (_order_link(order), order.customer.email, f"{order.discount:f} {order.currency}", order.status)
                for order in found
            ),
        )
        every = f"{reverse('admin:commerce_order_changelist')}?promo_code={code.pk}"
        return format_html('<ul>{}</ul><a href="{}">All orders with it</a>', rows, every)


def _order_link(order: Order) -> str:
    return format_html('<a href="{}">{}</a>', reverse("admin:commerce_order_change", args=[order.pk]), order)


class OrderItemInline(StaffInline):
    model = OrderItem
    related = ("product",)
    is_part = True


class OrderRefundInline(StaffInline):
    model = OrderRefund
    is_part = True


class OrderStatusChangeInline(StaffInline):
    model = OrderStatusChange
    related = ("user",)
    is_part = True


@admin.register(Order)
class OrderAdmin(ReadOnly, ActsOnMany):
    acts = ORDER_ACTS
    list_display = (
        "number",
        "customer",
        "seller",
        "status",
        "total_cost",
        "refunded_amount",
        "currency",
        "payment_method",
        "created_at",
    )
    list_filter = ("status", "payment_method")
    indexed_filters = ("customer", "seller", "promo_code")
    search_fields = ("=id", "customer", "seller")
    search_help_text = "Number, or customer or seller: words of address or name, or the tenant's domain"
    list_select_related = ("customer", "seller")
    inlines = (OrderItemInline, OrderRefundInline, OrderStatusChangeInline)

    def get_readonly_fields(self, request: HttpRequest, obj: Order | None = None) -> list[Any]:
        return ["receipt", *super().get_readonly_fields(request, obj)]

    @admin.display(description="receipt")
    def receipt(self, order: Order) -> str:
        if order.paid_at is None:
            return "once it is paid"
        address = reverse("admin:order_receipt", args=[order.pk])
        return format_html('<a href="{}" target="_blank" rel="noopener">Open the receipt</a>', address)


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
