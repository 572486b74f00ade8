"""How many statements each hot page takes, beside what is written down in ``query_counts.txt``.

``pytest tests/test_query_counts.py --golden`` writes the file anew; its difference is what a review looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from commerce.tests.stripe_server import KEY, StripeServer
from studio.models import ModelFile
from tests import permission_table as table
from tests.fixtures import UserFactory
from tests.permission_rows import Rows, make_rows
from tests.test_routes import paths

pytestmark = pytest.mark.django_db

FILE = Path(__file__).with_name("query_counts.txt")
HEAD = "# GET, statements with an empty cache, statements when it is asked for again\n"
STREAMS = ("/api/events",)
"""They don't end."""
OF_A_ROW = (
    "/status/{video}",
    "/status/{queued-video}",
    "/api/videos/{video}",
    "/api/videos/{queued-video}",
    "/api/ai-jobs/{queued-job}",
    "/api/gallery/{item}",
    "/api/gallery?search=every",
    "/api/effects/{effect}",
    "/api/products/{product}",
    "/api/orders/{order}",
    "/api/files/{file}",
    "/api/chats/{chat}",
    "/api/messages/get-messages-by-chat-id/{chat}",
    "/api/messages/get-messages-by-chat-id/{chat}?search=k",
    "/api/support-request/{request}",
    "/api/support-request-messages/{request}",
)


def hot_pages() -> list[str]:
    """What anybody or everybody signed in may get without naming a row, and pages of one that clients poll."""
    lines = (table.PUBLIC + table.SIGNED_IN).splitlines()
    plain = [line.removeprefix("GET ") for line in lines if line.startswith("GET /api/")]
    return sorted({*plain, *OF_A_ROW} - {*STREAMS})


def statements(client: APIClient, path: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(path)
    assert answer.status_code in (200, 204), f"{path}: {answer.status_code}"
    sent = (entry["sql"].split(maxsplit=1)[0] for entry in asked)
    return sum(verb not in ("SAVEPOINT", "RELEASE") for verb in sent)


@pytest.fixture
def stripe_settings(settings: Any) -> Iterator[None]:
    server = StripeServer()
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = KEY, server.url
    yield
    server.close()


@pytest.fixture
def rows(make_user: UserFactory, tiny_model: ModelFile, media_dir: Path, stripe_settings: None) -> Rows:
    owner = make_user(name="owner")
    people = {
        "owner": owner,
        "colleague": make_user(name="colleague", tenant=owner.tenant, tenant_role=User.TenantRole.MEMBER),
        "staff": make_user(name="staff", role=User.Role.ADMINISTRATOR),
        "chief": make_user(name="chief", role=User.Role.SUPER_ADMINISTRATOR),
    }
    return make_rows(people | {name: make_user(name=name) for name in ("peer", "pest")}, media_dir)


def test_hot_pages_take_the_statements_that_are_written_down(
    rows: Rows, client_of: Callable[[User], APIClient], pytestconfig: pytest.Config
) -> None:
    names = {name: row.values[0] for name, row in rows.items() if row.path or row.instance}
    owner = rows["user"].instance
    assert isinstance(owner, User)
    client = client_of(owner)
    counted = HEAD
    for page in hot_pages():
        path = page.format_map(names)
        # Once for what a process keeps.
        statements(client, path)
        cache.clear()
        counted += f"{page} {statements(client, path)} {statements(client, path)}\n"
    if pytestconfig.getoption("--golden"):
        FILE.write_text(counted)
    assert counted == FILE.read_text()


def test_every_page_is_one_that_is_served() -> None:
    served = set(paths())
    plain = {page for page in hot_pages() if "{" not in page and "?" not in page}
    assert plain <= served
