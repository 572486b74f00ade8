"""The shop, orders, payments."""

from __future__ import annotations

from config.api.documentation import Operation

TAGS = {
    "Shop": "Products: GPU credits of the studio, and what people sell.",
    "Orders": "What you bought and what you sold.",
    "Payments": "Cards, through Stripe.",
}

_PROMO = "promo_code_unknown promo_code_expired promo_code_minimum promo_code_exhausted promo_code_used"

OPERATIONS = [
    Operation("GET /api/products", "Shop", "List the products", "What is on sale; of one category with `categoryId`."),
    Operation("GET /api/products/{product_id}", "Shop", "Get a product", "One that is on sale, or one of your own."),
    Operation(
        "GET /api/products/get-products-for-user",
        "Shop",
        "List the own products",
        "On sale or not. Staff see the studio's.",
    ),
    Operation("POST /api/products", "Shop", "Offer a product", "You are its seller; staff offer for the studio."),
    Operation(
        "PUT /api/products/{product_id}",
        "Shop",
        "Change a product",
        "One of your own; any for staff. Orders that were placed before keep their prices.",
        codes="not_owner",
    ),
    Operation(
        "PATCH /api/products/{product_id}",
        "Shop",
        "Put a product on sale or take it off",
        "As `active` says; without it, the other way round.",
        codes="not_owner",
        request={"active": False},
    ),
    Operation(
        "DELETE /api/products/{product_id}",
        "Shop",
        "Delete a product",
        "One of your own; any for staff. Orders of it stay.",
        codes="not_owner",
    ),
    Operation(
        "GET /api/categories/by-user-id",
        "Shop",
        "List the own products by category",
        "All of your products, on sale or not.",
    ),
    Operation(
        "GET /api/categories/by-user-id/{user_id}",
        "Shop",
        "List somebody's products by category",
        "What a user has on sale.",
    ),
    Operation(
        "POST /api/orders",
        "Orders",
        "Place an order",
        "Products of one seller, several as `items` or one as `productId` and `quantity`. Every price is the server's. "
        "An order that costs nothing is paid at once.",
        codes=f"not_found own_product mixed_sellers out_of_stock payment_method_unavailable {_PROMO}",
        request={"items": [{"productId": 42, "quantity": 1}], "payment_method": "bank_transfer"},
    ),
    Operation("GET /api/orders/purchases", "Orders", "List the own purchases", "Newest first."),
    Operation("GET /api/orders/sales", "Orders", "List the own sales", "Newest first."),
    Operation("GET /api/orders/{order_id}", "Orders", "Get an order", "For its customer, its seller and staff."),
    Operation(
        "GET /api/orders/{order_id}/receipt",
        "Orders",
        "Get the receipt",
        "Of a paid order, as a page to print.",
        codes="order_not_paid",
    ),
    Operation(
        "PATCH /api/orders/confirm-order",
        "Orders",
        "Confirm an order",
        "Finishes a paid order of yours; one from the personal balance is paid with it.",
        codes="not_found order_state payment_pending insufficient_funds customer_must_confirm",
        request={"orderId": 42},
    ),
    Operation(
        "POST /api/payment/create-intent",
        "Payments",
        "Begin a card payment",
        "Of an order (`orderId`), or of an enrollment into the personal balance (`financeOperationId`). Answers what "
        "Stripe's form needs; asked again, the same.",
        codes="not_found order_not_payable operation_not_payable payment_method_unavailable provider_failed",
        request={"orderId": 42},
    ),
    Operation(
        "POST /api/webhooks/stripe",
        "Payments",
        "Hear from Stripe",
        "For Stripe alone, which signs what it sends (`Stripe-Signature`). An event counts once, however often it "
        "comes.",
        codes="invalid_signature malformed_event unknown_payment payment_mismatch payment_method_unavailable",
        request={"id": "evt_1SoUt2eZvKYlo2C1", "type": "payment_intent.succeeded", "data": {"object": {}}},
    ),
]
