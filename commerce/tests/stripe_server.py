"""A local stand-in for Stripe: the endpoints we call, over real HTTP, and webhooks with real signatures."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.patience import FOREVER_SECONDS

KEY = "sk_test_local"
WEBHOOK_SECRET = "whsec_local"


class StripeServer:
    """Holds PaymentIntents and refunds; ``pay`` and friends do what a customer, a bank or staff would do there."""

    def __init__(self) -> None:
        self.intents: dict[str, dict[str, Any]] = {}
        self.refunds: list[str] = []
        self.calls: list[tuple[str, str]] = []
        self.down = False
        self.webhook_url = ""
        self._numbers = itertools.count(1)
        self._answers: dict[str, dict[str, Any]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def pay(self, intent_id: str) -> dict[str, Any]:
        """The customer's card is charged."""
        intent = self.intents[intent_id]
        charge = {"id": intent_id.replace("pi", "ch"), "object": "charge", "amount_refunded": 0}
        intent.update(status="succeeded", amount_received=intent["amount"], latest_charge=charge)
        return self.event("payment_intent.succeeded", intent)

    def refund(self, intent_id: str, amount: int | None = None) -> dict[str, Any]:
        """Somebody pays back from Stripe's own pages."""
        intent = self.intents[intent_id]
        charge = intent["latest_charge"]
        charge["amount_refunded"] = intent["amount"] if amount is None else charge["amount_refunded"] + amount
        return self.event("charge.refunded", {**charge, "payment_intent": intent_id, "currency": intent["currency"]})

    def dispute(self, intent_id: str, what: str, status: str) -> dict[str, Any]:
        """What the bank says: ``created``, or ``closed`` as ``won`` or ``lost``."""
        dispute = {"id": intent_id.replace("pi", "dp"), "object": "dispute", "payment_intent": intent_id}
        return self.event(f"charge.dispute.{what}", {**dispute, "status": status})

    def event(self, type: str, subject: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": f"evt_{next(self._numbers)}",
            "object": "event",
            "type": type,
            "data": {"object": json.loads(json.dumps(subject))},
        }

    def deliver(self, event: dict[str, Any], *, secret: str = WEBHOOK_SECRET, age: float = 0) -> requests.Response:
        """Call the webhook as Stripe does, ``age`` seconds late."""
        payload = json.dumps(event).encode()
        headers = {"Content-Type": "application/json", "Stripe-Signature": sign(payload, secret=secret, age=age)}
        return requests.post(self.webhook_url, data=payload, headers=headers, timeout=FOREVER_SECONDS)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stripe = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer({})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                self._answer({name: values[0] for name, values in parse_qs(body).items()})

            def _answer(self, params: dict[str, str]) -> None:
                status, answer = stripe._respond(self.command, urlsplit(self.path).path, params, dict(self.headers))
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        return Handler

    def _respond(
        self, method: str, path: str, params: dict[str, str], headers: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        self.calls.append((method, path))
        if headers.get("Authorization") != f"Bearer {KEY}":
            return 401, _error("Invalid API Key provided")
        if self.down:
            return 400, _error("Stripe is being repaired")
        key = headers.get("Idempotency-Key", "")
        # The SDK makes up a key of its own for every POST that names none.
        if key in self._answers:
            return 200, self._answers[key]
        status, answer = self._route(method, path, params)
        if method == "POST" and status == 200:
            self._answers[key] = answer
        return status, answer

    def _route(self, method: str, path: str, params: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if (method, path) == ("POST", "/v1/payment_intents"):
            intent_id = f"pi_{next(self._numbers)}"
            self.intents[intent_id] = {
                "id": intent_id,
                "object": "payment_intent",
                "amount": int(params["amount"]),
                "amount_received": 0,
                "currency": params["currency"],
                "status": "requires_payment_method",
                "client_secret": f"{intent_id}_secret",
                "latest_charge": None,
            }
            return 200, self.intents[intent_id]
        if (method, path) == ("POST", "/v1/refunds"):
            intent = self.intents[params["payment_intent"]]
            charge = intent["latest_charge"]
            left = intent["amount"] - charge["amount_refunded"]
            if int(params.get("amount", left)) > left:
                return 400, _error("Refund amount is greater than unrefunded amount on charge")
            charge["amount_refunded"] += int(params.get("amount", left))
            self.refunds.append(intent["id"])
            return 200, {"id": f"re_{next(self._numbers)}", "object": "refund", "status": "succeeded"}
        match = re.fullmatch(r"/v1/payment_intents/(\w+)(/cancel)?", path)
        intent = self.intents.get(match[1]) if match else None
        if match is None or intent is None:
            return 404, _error("No such payment_intent")
        if match[2]:
            if intent["status"] == "succeeded":
                return 400, _error("You cannot cancel this PaymentIntent because it has succeeded")
            intent["status"] = "canceled"
        return 200, intent


def sign(payload: bytes, *, secret: str = WEBHOOK_SECRET, age: float = 0) -> str:
    """The header ``Stripe-Signature``, as Stripe documents it."""
    moment = int(time.time() - age)
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def _error(message: str) -> dict[str, Any]:
    return {"error": {"type": "invalid_request_error", "message": message}}
