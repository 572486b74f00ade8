"""What the API says of commerce, in document A's words and, for its own endpoints, document B's."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, TypedDict, cast

from rest_framework import serializers

from accounts.models import User
from commerce.models import (
    FinanceOperation,
    Order,
    OrderStatusChange,
    Payment,
    PaymentMethod,
    Product,
    Wallet,
    WalletType,
)
from effects.models import Category

_VISIBLE_INFO = 4


class ProductCategoryRow(TypedDict):
    id: int
    name: str
    slug: str
    description: str | None
    sort_order: int
    kind: str
    products: list[ProductRow]


def category_row(category: Category) -> ProductCategoryRow:
    return {
        "id": category.pk,
        "name": category.name,
        "slug": category.slug,
        "description": category.description or None,
        "sort_order": category.sort_order,
        "kind": category.kind,
        "products": [product_row(product) for product in category.products.all()],
    }


class ProductRow(TypedDict):
    id: int
    categoryId: int
    name: str
    description: str
    price: Decimal
    credits: Annotated[int, "GPU credits that one unit grants."]
    availability: Annotated[int | None, "Units left; null: unlimited."]
    active: bool
    seller: Annotated[SellerRow | None, "Null: the studio itself."]
    created_at: datetime


class SellerRow(TypedDict):
    id: int
    name: str


def product_row(product: Product) -> ProductRow:
    return {
        "id": product.pk,
        "categoryId": product.category_id,
        "name": product.name,
        "description": product.description,
        "price": product.price,
        "credits": product.credits,
        "availability": product.availability,
        "active": product.active,
        "seller": {"id": product.seller.pk, "name": product.seller.name} if product.seller else None,
        "created_at": product.created_at,
    }


class OrderItemRow(TypedDict):
    productId: int
    name: str
    quantity: int
    price: Decimal
    credits: int
    cost: Decimal


class OrderRow(TypedDict):
    id: int
    number: str
    invoice_number: Annotated[str | None, "Given when it is paid."]
    status: Annotated[str, Order.Status]
    items: list[OrderItemRow]
    products_cost: Decimal
    discount: Decimal
    total_cost: Decimal
    currency: str
    credits: int
    promo_code: str | None
    payment_method: Annotated[str, PaymentMethod]
    customer: PersonRow
    seller: PersonRow | None
    created_at: datetime
    paid_at: datetime | None
    status_history: list[StatusChangeRow]


def order_row(order: Order) -> OrderRow:
    invoice = getattr(order, "invoice", None)
    return {
        "id": order.pk,
        "number": order.number,
        "invoice_number": invoice.number if invoice else None,
        "status": order.status,
        "items": [
            {
                "productId": item.product_id,
                "name": item.name,
                "quantity": item.quantity,
                "price": item.unit_price,
                "credits": item.unit_credits,
                "cost": item.cost,
            }
            for item in order.items.all()
        ],
        "products_cost": order.products_cost,
        "discount": order.discount,
        "total_cost": order.total_cost,
        "currency": order.currency,
        "credits": order.credits,
        "promo_code": order.promo_code.code if order.promo_code else None,
        "payment_method": order.payment_method,
        "customer": person_row(order.customer),
        "seller": person_row(order.seller) if order.seller else None,
        "created_at": order.created_at,
        "paid_at": order.paid_at,
        "status_history": [_history_row(change) for change in order.history.all()],
    }


class WalletTypeRow(TypedDict):
    id: int
    name: str
    walletSymbol: str
    currency: str


def wallet_type_row(wallet_type: WalletType) -> WalletTypeRow:
    return {
        "id": wallet_type.pk,
        "name": wallet_type.name,
        "walletSymbol": wallet_type.wallet_symbol,
        "currency": wallet_type.currency,
    }


class WalletRow(TypedDict):
    id: int
    info: Annotated[str, "Masked, except for staff."]
    type: WalletTypeRow
    balance: Decimal
    held: Annotated[Decimal, "The part of the balance that running renders may still cost."]
    available: Decimal
    currency: str


def wallet_row(wallet: Wallet, viewer: User) -> WalletRow:
    """``balance`` is what the ledger says, ``available`` what can be spent of it; staff alone see ``info`` in clear."""
    return {
        "id": wallet.pk,
        "info": wallet.info if viewer.is_administrator else masked(wallet.info),
        "type": wallet_type_row(wallet.wallet_type),
        "balance": wallet.balance,
        "held": wallet.held,
        "available": wallet.available,
        "currency": wallet.currency,
    }


class CreditWalletRow(TypedDict):
    balance: Annotated[Decimal, serializers.IntegerField]
    held: Annotated[Decimal, serializers.IntegerField, "The part of the balance that running renders may still cost."]
    available: Annotated[Decimal, serializers.IntegerField]
    currency: str


class OperationRow(TypedDict):
    id: int
    money: Decimal
    type: Annotated[int, "1 enrollment, 2 write-off."]
    status: Annotated[int, "1 created, 2 executed, 3 pending, 4 cancelled."]
    info: str
    balanceAfter: Decimal | None
    user: PersonRow
    wallet: WalletRow
    createdAt: datetime
    canceledAt: datetime | None
    canceledInfo: str | None


def operation_row(operation: FinanceOperation, viewer: User) -> OperationRow:
    return {
        "id": operation.pk,
        "money": operation.amount,
        "type": operation.type,
        "status": operation.status,
        "info": operation.description,
        "balanceAfter": operation.balance_after,
        "user": person_row(operation.user),
        "wallet": wallet_row(operation.wallet, viewer),
        "createdAt": operation.created_at,
        "canceledAt": operation.canceled_at,
        "canceledInfo": operation.canceled_info or None,
    }


class PaymentRow(TypedDict):
    id: int
    paymentIntentId: str
    clientSecret: str
    publishableKey: str
    amount: Decimal
    currency: str
    status: str


def payment_row(payment: Payment, client_secret: str, publishable_key: str) -> PaymentRow:
    return {
        "id": payment.pk,
        "paymentIntentId": payment.intent_id,
        "clientSecret": client_secret,
        "publishableKey": publishable_key,
        "amount": payment.amount,
        "currency": payment.currency,
        "status": payment.status,
    }


class ReceivedEventRow(TypedDict):
    event: str
    outcome: Annotated[str, "applied, ignored, or why not."]


class PurchaseRow(TypedDict):
    id: int
    user_id: int
    amount: Decimal
    tokens_purchased: int
    status: str
    payment_provider: str
    created_at: datetime


def purchase_row(order: Order) -> PurchaseRow:
    """Document B's view of a paid order."""
    return {
        "id": order.pk,
        "user_id": order.customer_id,
        "amount": order.total_cost,
        "tokens_purchased": order.credits,
        "status": "refunded" if order.status == Order.Status.REFUNDED else "completed",
        "payment_provider": PaymentMethod(order.payment_method).value,
        "created_at": order.created_at,
    }


class TokenTransactionRow(TypedDict):
    id: int
    user_id: int
    type: Literal["credit", "debit"]
    amount: Annotated[Decimal, serializers.IntegerField]
    balance_after: Annotated[Decimal, serializers.IntegerField]
    description: str
    reference_type: str | None
    reference_id: int | None
    created_at: datetime


def token_row(operation: FinanceOperation) -> TokenTransactionRow:
    """Document B's view of an executed entry of GPU credits."""
    return {
        "id": operation.pk,
        "user_id": operation.user_id,
        "type": "credit" if operation.type == FinanceOperation.Type.ENROLLMENT else "debit",
        "amount": operation.amount,
        # What is executed has one.
        "balance_after": cast(Decimal, operation.balance_after),
        "description": operation.description,
        "reference_type": operation.reference_type or None,
        "reference_id": operation.reference_id,
        "created_at": operation.created_at,
    }


class PersonRow(TypedDict):
    id: int
    login: str


def person_row(user: User) -> PersonRow:
    return {"id": user.pk, "login": user.name}


def masked(info: str) -> str:
    """``DE89 3704 0044`` -> ``**********0044``; what is short is hidden altogether."""
    shown = info[-_VISIBLE_INFO:] if len(info) > 2 * _VISIBLE_INFO else ""
    return "*" * (len(info) - len(shown)) + shown


class StatusChangeRow(TypedDict):
    status: Annotated[str, Order.Status]
    note: str
    created_at: datetime


def _history_row(change: OrderStatusChange) -> StatusChangeRow:
    return {"status": change.status, "note": change.note, "created_at": change.created_at}
