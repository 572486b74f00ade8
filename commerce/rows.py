"""What the API says of commerce, in document A's words and, for its own endpoints, document B's."""

from __future__ import annotations

from typing import Any

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


def category_row(category: Category) -> dict[str, Any]:
    return {
        "id": category.pk,
        "name": category.name,
        "slug": category.slug,
        "description": category.description or None,
        "sort_order": category.sort_order,
        "kind": category.kind,
        "products": [product_row(product) for product in category.products.all()],
    }


def product_row(product: Product) -> dict[str, Any]:
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


def order_row(order: Order) -> dict[str, Any]:
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


def wallet_type_row(wallet_type: WalletType) -> dict[str, Any]:
    return {
        "id": wallet_type.pk,
        "name": wallet_type.name,
        "walletSymbol": wallet_type.wallet_symbol,
        "currency": wallet_type.currency,
    }


def wallet_row(wallet: Wallet, viewer: User) -> dict[str, Any]:
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


def operation_row(operation: FinanceOperation, viewer: User) -> dict[str, Any]:
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


def payment_row(payment: Payment, client_secret: str, publishable_key: str) -> dict[str, Any]:
    return {
        "id": payment.pk,
        "paymentIntentId": payment.intent_id,
        "clientSecret": client_secret,
        "publishableKey": publishable_key,
        "amount": payment.amount,
        "currency": payment.currency,
        "status": payment.status,
    }


def purchase_row(order: Order) -> dict[str, Any]:
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


def token_row(operation: FinanceOperation) -> dict[str, Any]:
    """Document B's view of an executed entry of GPU credits."""
    return {
        "id": operation.pk,
        "user_id": operation.user_id,
        "type": "credit" if operation.type == FinanceOperation.Type.ENROLLMENT else "debit",
        "amount": operation.amount,
        "balance_after": operation.balance_after,
        "description": operation.description,
        "reference_type": operation.reference_type or None,
        "reference_id": operation.reference_id,
        "created_at": operation.created_at,
    }


def person_row(user: User) -> dict[str, Any]:
    return {"id": user.pk, "login": user.name}


def masked(info: str) -> str:
    """``DE89 3704 0044`` -> ``**********0044``; what is short is hidden altogether."""
    shown = info[-_VISIBLE_INFO:] if len(info) > 2 * _VISIBLE_INFO else ""
    return "*" * (len(info) - len(shown)) + shown


def _history_row(change: OrderStatusChange) -> dict[str, Any]:
    return {"status": change.status, "note": change.note, "created_at": change.created_at}
