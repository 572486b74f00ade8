"""Wallets and finance operations."""

from __future__ import annotations

from config.api.documentation import Operation

TAGS = {
    "Wallets": "GPU credits, which renders cost, and money.",
    "Finance operations": "Money into a wallet (enrollment) and out of it (write-off). Asked for here, and executed by "
    "a payment or by staff.",
}

_FINANCE = "Finance operations"
_MONEY = "insufficient_funds wallet_closed"

OPERATIONS = [
    Operation(
        "GET /api/wallet",
        "Wallets",
        "Get the GPU credits",
        "What you have, what running renders may still cost, and what is left of it.",
    ),
    Operation("GET /api/wallet-types", "Wallets", "List the wallet types", "What kinds of wallets there are."),
    Operation("GET /api/user-wallets", "Wallets", "List the own wallets", "All of your open wallets."),
    Operation(
        "GET /api/user-wallets/by-wallet-type-id/{wallet_type_id}",
        "Wallets",
        "List the own wallets of a type",
        "An empty list where you have none of it.",
    ),
    Operation(
        "POST /api/user-wallets",
        "Wallets",
        "Open a wallet",
        "Of a type of which you have none yet.",
        codes="wallet_exists",
    ),
    Operation(
        "PUT /api/user-wallets",
        "Wallets",
        "Change a wallet",
        "Its note (`info`), and its type as long as nothing has moved in it.",
        codes="not_found wallet_type_fixed wallet_exists",
        request={"info": "for the spring campaign"},
    ),
    Operation(
        "DELETE /api/user-wallets/{wallet_id}",
        "Wallets",
        "Delete a wallet",
        "Only an empty one, and not the one with the GPU credits.",
        codes="wallet_protected wallet_not_empty",
    ),
    Operation("GET /api/finance-operations", _FINANCE, "List the own operations", "Newest first."),
    Operation(
        "POST /api/finance-operations",
        _FINANCE,
        "Ask for an enrollment or a write-off",
        "`type` 1 is an enrollment, 2 a write-off, of the wallet named by `walletId` or by its type (`typeId`). "
        "Nothing moves until a payment or staff execute it.",
        codes=f"not_found {_MONEY}",
        request={"walletId": 42, "info": "top-up"},
    ),
    Operation(
        "GET /api/finance-operations/{operation_id}", _FINANCE, "Get an operation", "One of your own; any for staff."
    ),
    Operation(
        "PUT /api/finance-operations/{operation_id}",
        _FINANCE,
        "Call an operation off",
        "One of your own, while it is not executed.",
        codes="staff_only operation_not_open",
        request={"cancelInfo": "ordered twice"},
    ),
    Operation(
        "PATCH /api/finance-operations/change-finance-operation-status",
        _FINANCE,
        "Change an operation's status",
        "Staff execute (2), postpone (3) or cancel (4) it; you may cancel your own.",
        codes=f"not_found staff_only four_eyes operation_not_open operation_state {_MONEY}",
        request={"id": 42, "status": 4},
    ),
]
