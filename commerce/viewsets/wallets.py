"""Wallets, wallet types and finance operations of whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from commerce.lists import OperationList, WalletList, WalletTypeList
from commerce.models import FinanceOperation, Wallet, WalletType
from commerce.rows import (
    CreditWalletRow,
    OperationRow,
    WalletRow,
    WalletTypeRow,
    operation_row,
    wallet_row,
    wallet_type_row,
)
from commerce.serializers import (
    CancelOperationSerializer,
    OperationInputSerializer,
    OperationStatusInputSerializer,
    WalletChangeSerializer,
    WalletInputSerializer,
)
from commerce.services import finance, wallets
from config.api.envelope import ok
from config.api.idempotency import idempotent
from config.api.permissions import Authenticated, Public
from config.api.views import APIView, APIViewSet, parse


class CreditWalletView(APIView):
    """Document B's wallet: the GPU credits."""

    permissions: ClassVar = {"get": [Authenticated]}

    @extend_schema(responses=CreditWalletRow)
    def get(self, request: Request) -> Response:
        wallet = wallets.open_credit_wallet(user=request.user)
        row: CreditWalletRow = {
            "balance": wallet.balance,
            "held": wallet.held,
            "available": wallet.available,
            "currency": wallet.currency,
        }
        return ok(row, "Wallet retrieved successfully")


class WalletTypeViewSet(APIViewSet):
    permissions: ClassVar = {"list": [Public]}
    lists: ClassVar = {"list": WalletTypeList}

    @extend_schema(responses=Sequence[WalletTypeRow])
    def list(self, request: Request) -> Response:
        return self.list_response(
            request, WalletType.objects.all(), row=wallet_type_row, message="Wallet types retrieved successfully"
        )


class WalletViewSet(APIViewSet):
    permissions: ClassVar = {
        "list": [Authenticated],
        "by_type": [Authenticated],
        "create": [Authenticated],
        "update": [Authenticated],
        "destroy": [Authenticated],
    }
    lists: ClassVar = {"list": WalletList, "by_type": WalletList}

    @extend_schema(responses=Sequence[WalletRow])
    def list(self, request: Request) -> Response:
        wallets.open_credit_wallet(user=request.user)
        return self._list(request, self._mine(request))

    @extend_schema(responses=Sequence[WalletRow])
    def by_type(self, request: Request, wallet_type_id: int) -> Response:
        return self._list(request, self._mine(request).filter(wallet_type_id=wallet_type_id))

    @extend_schema(request=WalletInputSerializer, responses=WalletRow)
    @idempotent
    def create(self, request: Request) -> Response:
        """A further wallet, of a type that staff added; or the personal balance again, once deleted."""
        wallet = wallets.open_wallet(user=request.user, **parse(WalletInputSerializer, request))
        return ok(wallet_row(wallet, request.user), "Wallet created successfully")

    @extend_schema(request=WalletChangeSerializer, responses=WalletRow)
    def update(self, request: Request) -> Response:
        values = parse(WalletChangeSerializer, request)
        wallet = wallets.find_wallet(user=request.user, wallet_id=values.pop("id"))
        wallet = wallets.change_wallet(wallet=wallet, **values)
        return ok(wallet_row(wallet, request.user), "Wallet updated successfully")

    @extend_schema(responses=None)
    def destroy(self, request: Request, wallet_id: int) -> Response:
        """Only an empty wallet, and never the GPU credits."""
        wallets.close_wallet(wallet=wallets.find_wallet(user=request.user, wallet_id=wallet_id))
        return ok(None, "Wallet deleted successfully")

    def _mine(self, request: Request) -> QuerySet[Wallet]:
        return Wallet.objects.filter(user=request.user, closed_at=None).select_related("wallet_type")

    def _list(self, request: Request, found: QuerySet[Wallet]) -> Response:
        row = partial(wallet_row, viewer=request.user)
        return self.list_response(request, found, row=row, message="Wallets retrieved successfully")


class FinanceOperationViewSet(APIViewSet):
    permissions: ClassVar = {
        "list": [Authenticated],
        "create": [Authenticated],
        "retrieve": [Authenticated],
        "cancel": [Authenticated],
        "change_status": [Authenticated],
    }
    lists: ClassVar = {"list": OperationList}

    @extend_schema(responses=Sequence[OperationRow])
    def list(self, request: Request) -> Response:
        found = FinanceOperation.objects.filter(user=request.user).select_related("user", "wallet__wallet_type")
        row = partial(operation_row, viewer=request.user)
        return self.list_response(request, found, row=row, message="Finance operations retrieved successfully")

    @extend_schema(request=OperationInputSerializer, responses=OperationRow)
    @idempotent
    def create(self, request: Request) -> Response:
        """Ask for an enrollment or a write-off; nothing moves until staff or a payment executes it."""
        values = parse(OperationInputSerializer, request)
        wallet = finance.wallet_for(
            user=request.user, wallet_id=values.get("wallet_id"), wallet_type_id=values.get("wallet_type_id")
        )
        operation = finance.request_operation(
            user=request.user,
            wallet=wallet,
            type=values["type"],
            amount=values["money"],
            info=values["info"],
            key=request.idempotency_key,
        )
        return ok(operation_row(operation, request.user), "Finance operation created successfully")

    @extend_schema(responses=OperationRow)
    def retrieve(self, request: Request, operation_id: int) -> Response:
        operation = finance.find_operation(user=request.user, operation_id=operation_id)
        return ok(operation_row(operation, request.user), "Finance operation retrieved successfully")

    @extend_schema(request=CancelOperationSerializer, responses=OperationRow)
    def cancel(self, request: Request, operation_id: int) -> Response:
        """Call one's own operation off, while it is not executed."""
        info = parse(CancelOperationSerializer, request)["cancelInfo"]
        operation = finance.find_operation(user=request.user, operation_id=operation_id)
        finance.cancel_operation(operation=operation, info=info, by=request.user)
        return self._answer(request, operation_id, "Finance operation cancelled successfully")

    @extend_schema(request=OperationStatusInputSerializer, responses=OperationRow)
    def change_status(self, request: Request) -> Response:
        """Staff execute, postpone or cancel; a user may cancel their own."""
        values = parse(OperationStatusInputSerializer, request)
        operation = finance.find_operation(user=request.user, operation_id=values["id"])
        finance.change_status(user=request.user, operation=operation, status=values["status"])
        return self._answer(request, operation.pk, "Finance operation updated successfully")

    def _answer(self, request: Request, operation_id: int, message: str) -> Response:
        operation = finance.find_operation(user=request.user, operation_id=operation_id)
        return ok(operation_row(operation, request.user), message)
