"""Commerce's routes under ``/api/``. ``categories/by-user-id`` has to come before the catalogue's ``{slugOrId}``."""

from django.urls import path

from commerce.viewsets.administration import (
    FinanceAdministrationViewSet,
    OrderAdministrationViewSet,
    TokenSpendingView,
    UserMoneyViewSet,
)
from commerce.viewsets.orders import OrderViewSet
from commerce.viewsets.payments import CreateIntentView, StripeWebhookView
from commerce.viewsets.products import ProductViewSet, UserCategoryViewSet
from commerce.viewsets.wallets import CreditWalletView, FinanceOperationViewSet, WalletTypeViewSet, WalletViewSet

_product = {"get": "retrieve", "put": "update", "patch": "toggle", "delete": "destroy"}

urlpatterns = [
    path("categories/by-user-id", UserCategoryViewSet.as_view({"get": "list"})),
    path("categories/by-user-id/<int:user_id>", UserCategoryViewSet.as_view({"get": "list"})),
    path("products", ProductViewSet.as_view({"get": "list", "post": "create"})),
    path("products/get-products-for-user", ProductViewSet.as_view({"get": "mine"})),
    path("products/<int:product_id>", ProductViewSet.as_view(_product)),
    path("orders", OrderViewSet.as_view({"post": "create"})),
    path("orders/purchases", OrderViewSet.as_view({"get": "purchases"})),
    path("orders/sales", OrderViewSet.as_view({"get": "sales"})),
    path("orders/confirm-order", OrderViewSet.as_view({"patch": "confirm"})),
    path("orders/<int:order_id>", OrderViewSet.as_view({"get": "retrieve"})),
    path("orders/<int:order_id>/receipt", OrderViewSet.as_view({"get": "receipt"})),
    path("payment/create-intent", CreateIntentView.as_view()),
    path("webhooks/stripe", StripeWebhookView.as_view()),
    path("wallet", CreditWalletView.as_view()),
    path("wallet-types", WalletTypeViewSet.as_view({"get": "list"})),
    path("user-wallets", WalletViewSet.as_view({"get": "list", "post": "create", "put": "update"})),
    path("user-wallets/by-wallet-type-id/<int:wallet_type_id>", WalletViewSet.as_view({"get": "by_type"})),
    path("user-wallets/<int:wallet_id>", WalletViewSet.as_view({"delete": "destroy"})),
    path("finance-operations", FinanceOperationViewSet.as_view({"get": "list", "post": "create"})),
    path(
        "finance-operations/change-finance-operation-status",
        FinanceOperationViewSet.as_view({"patch": "change_status"}),
    ),
    path(
        "finance-operations/<int:operation_id>", FinanceOperationViewSet.as_view({"get": "retrieve", "put": "cancel"})
    ),
    path("administration/finance-operations/get-all", FinanceAdministrationViewSet.as_view({"get": "list"})),
    path("administration/orders", OrderAdministrationViewSet.as_view({"get": "list"})),
    path("administration/orders/change-order-status", OrderAdministrationViewSet.as_view({"patch": "change_status"})),
    path("admin/users/<int:user_id>/purchases", UserMoneyViewSet.as_view({"get": "purchases"})),
    path("admin/users/<int:user_id>/tokens", UserMoneyViewSet.as_view({"get": "tokens"})),
    path("admin/analytics/token-spending", TokenSpendingView.as_view()),
]
