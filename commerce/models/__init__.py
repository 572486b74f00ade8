"""Tables of commerce."""

from commerce.models.audits import LedgerAudit
from commerce.models.ledger import ADJUSTMENT, PURCHASE, RENDER, CreditHold, FinanceOperation
from commerce.models.orders import (
    Invoice,
    InvoiceSeries,
    Order,
    OrderItem,
    OrderRefund,
    OrderStatusChange,
    PaymentMethod,
)
from commerce.models.payments import Payment, PaymentEvent
from commerce.models.products import Product, PromoCode
from commerce.models.wallets import CREDITS, Wallet, WalletType

__all__ = [
    "ADJUSTMENT",
    "CREDITS",
    "PURCHASE",
    "RENDER",
    "CreditHold",
    "FinanceOperation",
    "Invoice",
    "InvoiceSeries",
    "LedgerAudit",
    "Order",
    "OrderItem",
    "OrderRefund",
    "OrderStatusChange",
    "Payment",
    "PaymentEvent",
    "PaymentMethod",
    "Product",
    "PromoCode",
    "Wallet",
    "WalletType",
]
