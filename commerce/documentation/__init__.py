"""The commerce operations in words: wallets, the shop, orders and payments, what staff see of them."""

from __future__ import annotations

from typing import Any

from commerce.documentation import administration, orders, wallets
from config.api.documentation import Operation

TAGS: dict[str, str] = {**wallets.TAGS, **orders.TAGS, **administration.TAGS}
OPERATIONS: list[Operation] = [*wallets.OPERATIONS, *orders.OPERATIONS, *administration.OPERATIONS]

EXAMPLES: dict[str, Any] = {
    "balance": 120,
    "held": 10,
    "available": 110,
    "currency": "USD",
    "CreditWallet.currency": "credits",
    "WalletType.currency": "credits",
    "walletSymbol": "GPU",
    "WalletType.name": "GPU credits",
    "info": "",
    "money": 20.0,
    "balanceAfter": 120.0,
    "canceledAt": None,
    "canceledInfo": None,
    "number": "2026-000042",
    "invoice_number": None,
    "price": 9.99,
    "cost": 9.99,
    "products_cost": 9.99,
    "discount": 0.0,
    "total_cost": 9.99,
    "quantity": 1,
    "availability": None,
    "active": True,
    "promo_code": None,
    "payment_method": "stripe",
    "Order.status": "unpaid",
    "paid_at": None,
    "seller": None,
    "OrderItem.name": "100 GPU credits",
    "Product.name": "100 GPU credits",
    "ProductInputRequest.name": "100 GPU credits",
    "Product.description": "Enough for ten effects.",
    "Payment.status": "created",
    "event": "evt_1SoUt2eZvKYlo2C1",
    "outcome": "applied",
    "paymentIntentId": "pi_3SoUt2eZvKYlo2C1",
    "clientSecret": "pi_3SoUt2eZvKYlo2C1_secret_x",
    "publishableKey": "pk_test_TYooMQauvdEDq54NiTphI7jx",
    "amount": 9.99,
    "TokenTransaction.amount": 10,
    "TokenTransaction.type": "debit",
    "balance_after": 110,
    "reference_type": "render",
    "reference_id": 42,
    "tokens_purchased": 100,
    "Purchase.status": "paid",
    "payment_provider": "stripe",
    "tokens_spent": 250,
    "total_tokens_spent": 250,
    "total_transactions": 25,
    "usage_count": 25,
    "from": "2026-01-01",
    "to": "2026-01-31",
}
