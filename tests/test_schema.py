"""The OpenAPI schema of the whole product: all that is documented, valid, no warnings, docs that work offline."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

pytestmark = pytest.mark.django_db

# Both API documents, in their order.
DOCUMENTED = """
POST /api/auth/register
POST /api/auth/login
POST /api/auth/logout
POST /api/auth/forgot-password
POST /api/auth/reset-password
GET /api/auth/me
POST /api/v2/login
POST /api/v2/logout
POST /api/v2/register
POST /api/v2/password-forgot
POST /api/v2/password-reset
GET /api/v2/me
PATCH /api/v2/me
POST /api/upload
POST /api/generate
POST /api/finalize
POST /api/cancelJob/{}
GET /api/queue
GET /status/{}
GET /api/video-jobs/processing/status
GET /api/video-jobs/processing/queue
GET /api/categories
GET /api/categories/{}
GET /api/categories/by-user-id/{}
GET /api/products
GET /api/products/{}
GET /api/products/get-products-for-user
POST /api/products
PUT /api/products/{}
PATCH /api/products/{}
DELETE /api/products/{}
POST /api/orders
GET /api/orders/{}
GET /api/orders/purchases
GET /api/orders/sales
PATCH /api/orders/confirm-order
GET /api/user-wallets
GET /api/user-wallets/by-wallet-type-id/{}
POST /api/user-wallets
PUT /api/user-wallets
DELETE /api/user-wallets/{}
GET /api/wallet-types
GET /api/finance-operations
POST /api/finance-operations
GET /api/finance-operations/{}
PUT /api/finance-operations/{}
PATCH /api/finance-operations/change-finance-operation-status
GET /api/chats/get-chats-by-current-user
GET /api/chats/{}
GET /api/chats/get-chat-by-user-id/{}
POST /api/chats
GET /api/messages/get-messages-by-chat-id/{}
POST /api/messages
POST /api/support-request
POST /api/support-requests
GET /api/support-request/{}
GET /api/support-request-messages/{}
POST /api/send-support-request-message
PATCH /api/support-request/status-update
GET /api/administration/users
PATCH /api/administration/admin-reset-user-password
PATCH /api/administration/change-user-data
PATCH /api/administration/change-password
GET /api/administration/finance-operations/get-all
GET /api/administration/orders
PATCH /api/administration/orders/change-order-status
POST /api/administration/support-requests
GET /api/status
GET /api/status/{}
GET /api/csrf-token
POST /api/register
POST /api/login
GET /api/effects
GET /api/effects/{}
GET /api/gallery
GET /api/gallery/{}
GET /api/me
POST /api/me
GET /api/wallet
POST /api/ai-jobs
POST /api/videos/uploads
GET /api/videos
POST /api/videos
GET /api/videos/{}
PATCH /api/videos/{}
DELETE /api/videos/{}
POST /api/videos/{}/publish
POST /api/videos/{}/unpublish
GET /api/admin/effects
POST /api/admin/effects
PATCH /api/admin/effects/{}
DELETE /api/admin/effects/{}
GET /api/admin/categories
POST /api/admin/categories
PATCH /api/admin/categories/{}
DELETE /api/admin/categories/{}
GET /api/admin/users
GET /api/admin/users/{}
GET /api/admin/users/{}/purchases
GET /api/admin/users/{}/tokens
GET /api/admin/analytics/token-spending
"""


def test_the_schema_is_valid_and_without_warnings(tmp_path: Path) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))


def test_every_documented_endpoint_is_in_the_schema(client: Client) -> None:
    paths = client.get("/api/schema?format=json").json()["paths"]
    served = {
        f"{method.upper()} {re.sub('{[^}]+}', '{}', path)}" for path, methods in paths.items() for method in methods
    }
    assert [line for line in DOCUMENTED.split("\n") if line and line not in served] == []


def test_the_docs_load_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/api/docs")
    assert page.status_code == 200
    assert not re.search(rb"(src|href)=\"(https?:)?//", page.content)
