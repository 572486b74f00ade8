"""Tables of commerce."""

from commerce.models.ledger import PURCHASE, RENDER, CreditHold, FinanceOperation
from commerce.models.wallets import CREDITS, Wallet, WalletType

__all__ = ["CREDITS", "PURCHASE", "RENDER", "CreditHold", "FinanceOperation", "Wallet", "WalletType"]
