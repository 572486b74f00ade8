"""Card payments: begin one, and hear from Stripe."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from commerce.rows import PaymentRow, ReceivedEventRow, payment_row
from commerce.serializers import IntentInputSerializer
from commerce.services.events import receive_event
from commerce.services.payments import begin_order_payment, begin_top_up
from config.api.envelope import ok
from config.api.permissions import Authenticated, Public
from config.api.views import APIView, parse


class CreateIntentView(APIView):
    """Asked again for the same order it answers the same intent, so it needs no idempotency key."""

    permissions: ClassVar = {"post": [Authenticated]}

    @extend_schema(request=IntentInputSerializer, responses=PaymentRow)
    def post(self, request: Request) -> Response:
        values = parse(IntentInputSerializer, request)
        if "orderId" in values:
            payment, secret = begin_order_payment(user=request.user, order_id=values["orderId"])
        else:
            payment, secret = begin_top_up(user=request.user, operation_id=values["financeOperationId"])
        row = payment_row(payment, secret, settings.STRIPE_PUBLISHABLE_KEY)
        return ok(row, "Payment intent created successfully")


class StripeWebhookView(APIView):
    """Public, because the signature is the credential."""

    permissions: ClassVar = {"post": [Public]}
    throttles: ClassVar = {"post": "webhook"}
    anonymous: ClassVar = ("post",)

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        # The signature is over the very bytes: keep them before the parser reads the stream.
        self.payload: bytes = request._request.body
        super().initial(request, *args, **kwargs)

    @extend_schema(request=OpenApiTypes.OBJECT, responses=ReceivedEventRow)
    def post(self, request: Request) -> Response:
        event = receive_event(payload=self.payload, signature=request.headers.get("Stripe-Signature", ""))
        row: ReceivedEventRow = {"event": event.event_id, "outcome": event.outcome}
        return ok(row, "Event received")
