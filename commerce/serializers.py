"""Shapes of commerce's requests and answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial

from rest_framework import serializers

from commerce.models import FinanceOperation, Order, PaymentMethod
from commerce.models.products import MAX_AVAILABILITY, MAX_CREDITS
from commerce.services import finance, orders, products, wallets
from config.api.errors import refuse
from config.api.serializers import OptionalTextField, ThoroughSerializer, Values

MAX_ID = 2**63 - 1
MAX_QUANTITY = 1000
MAX_ITEMS = 50


class IdField(serializers.IntegerField):
    def __init__(self, **kwargs: object) -> None:
        super().__init__(**{"min_value": 1, "max_value": MAX_ID, **kwargs})


class MoneyField(serializers.DecimalField):
    """More than nothing, less than a billion; how many decimal places there may be is up to the currency."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**{"max_digits": 12, "decimal_places": 3, "min_value": Decimal("0.001"), **kwargs})


class ProductInputSerializer(ThoroughSerializer):
    categoryId = IdField(source="category_id")
    name = serializers.CharField(max_length=255)
    description = OptionalTextField(max_length=10_000)
    price = MoneyField()
    credits = serializers.IntegerField(min_value=0, max_value=MAX_CREDITS, default=0)
    availability = serializers.IntegerField(min_value=0, max_value=MAX_AVAILABILITY, allow_null=True, default=None)
    active = serializers.BooleanField(default=True)

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
        product = self.instance or products.new_product(user=self.context["request"].user)
        yield partial(products.check_product, product, values)


class ProductActiveSerializer(serializers.Serializer):
    active = serializers.BooleanField(required=False, allow_null=True, default=None)


class ItemInputSerializer(serializers.Serializer):
    productId = IdField(source="product_id")
    quantity = serializers.IntegerField(min_value=1, max_value=MAX_QUANTITY, default=1)


class OrderInputSerializer(ThoroughSerializer):
    """Prices are not asked for: the server knows them. `productId` and `quantity` may stand for `items`."""

    items = ItemInputSerializer(many=True, required=False, allow_empty=False, max_length=MAX_ITEMS)
    productId = IdField(required=False)
    quantity = serializers.IntegerField(required=False, min_value=1, max_value=MAX_QUANTITY)
    payment_method = serializers.ChoiceField(choices=PaymentMethod.choices)
    promo_code = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=64)

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
        if ("items" in values) == ("productId" in values):
            yield partial(refuse, "items", "Send either items or one productId.")
        elif "items" in values:
            yield partial(orders.check_products, {item["product_id"] for item in values["items"]})
        else:
            yield partial(orders.check_products, {values["productId"]})

    def validate(self, values: Values) -> Values:
        product_id, quantity = values.pop("productId", None), values.pop("quantity", 1)
        if product_id is not None:
            values["items"] = [{"product_id": product_id, "quantity": quantity}]
        return values


class ConfirmOrderSerializer(serializers.Serializer):
    orderId = IdField()


class OrderStatusInputSerializer(serializers.Serializer):
    id = IdField()
    status = serializers.ChoiceField(choices=Order.Status.choices)


class IntentInputSerializer(serializers.Serializer):
    """What is to be paid: an order, or an enrollment into the personal balance."""

    orderId = IdField(required=False)
    financeOperationId = IdField(required=False)

    def validate(self, values: Values) -> Values:
        if len(values) != 1:
            raise serializers.ValidationError({"orderId": ["Send either orderId or financeOperationId."]})
        return values


class WalletInputSerializer(ThoroughSerializer):
    walletTypeId = IdField(source="wallet_type_id")
    info = OptionalTextField(max_length=255)

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
        if "wallet_type_id" in values:
            yield partial(wallets.find_type, values["wallet_type_id"])


class WalletChangeSerializer(ThoroughSerializer):
    id = IdField()
    walletTypeId = IdField(source="wallet_type_id", required=False, default=None)
    info = serializers.CharField(max_length=255, allow_blank=True, allow_null=True, required=False, default=None)

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
        if values.get("wallet_type_id") is not None:
            yield partial(wallets.find_type, values["wallet_type_id"])


class OperationInputSerializer(ThoroughSerializer):
    money = MoneyField()
    type = serializers.ChoiceField(choices=FinanceOperation.Type.choices)
    typeId = IdField(source="wallet_type_id", required=False, help_text="A wallet type: your wallet of that type.")
    walletId = IdField(source="wallet_id", required=False)
    info = OptionalTextField(max_length=255)

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
        if ("wallet_type_id" in values) == ("wallet_id" in values):
            yield partial(refuse, "walletId", "Send either walletId or typeId.")
        else:
            yield partial(
                finance.check_request,
                user=self.context["request"].user,
                wallet_id=values.get("wallet_id"),
                wallet_type_id=values.get("wallet_type_id"),
                amount=values.get("money"),
            )


class CancelOperationSerializer(serializers.Serializer):
    cancelInfo = OptionalTextField(max_length=255)


class OperationStatusInputSerializer(serializers.Serializer):
    id = IdField()
    status = serializers.ChoiceField(choices=FinanceOperation.Status.choices)
