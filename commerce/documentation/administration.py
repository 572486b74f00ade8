"""Money, as staff see it."""

from __future__ import annotations

from config.api.documentation import Operation

TAGS = {"Administration: money": "For administrators: everybody's orders, operations and credits."}

_STAFF = "Administration: money"

OPERATIONS = [
    Operation(
        "GET /api/administration/finance-operations/get-all",
        _STAFF,
        "List all operations",
        "Everybody's; `id`, `userLogin`, `statusId`, `startDate` and `endDate` narrow them.",
    ),
    Operation(
        "GET /api/administration/orders",
        _STAFF,
        "List all orders",
        "Everybody's; `orderId`, `orderStatus`, `customerLogin` and `sellerLogin` narrow them.",
    ),
    Operation(
        "PATCH /api/administration/orders/change-order-status",
        _STAFF,
        "Change an order's status",
        "A transfer or cash has arrived, or the order is finished, called off or paid back.",
        codes="not_found order_state customer_must_confirm payment_pending insufficient_funds credits_spent sale_spent "
        "out_of_stock provider_failed",
        request={"id": 42, "status": "paid"},
    ),
    Operation(
        "GET /api/admin/users/{user_id}/purchases",
        _STAFF,
        "List a user's purchases",
        "What one user has paid, newest first.",
    ),
    Operation(
        "GET /api/admin/users/{user_id}/tokens",
        _STAFF,
        "List a user's credits",
        "Every movement of one user's GPU credits, newest first.",
    ),
    Operation(
        "GET /api/admin/analytics/token-spending",
        _STAFF,
        "Get the credits spent",
        "On renders, over the platform: in all, by effect and by day, week or month.",
    ),
]
