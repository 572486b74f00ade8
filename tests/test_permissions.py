"""Every route, for everybody: the table of ``permission_table`` against the running product."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Invitation, User
from commerce.models import FinanceOperation
from commerce.services.wallets import open_credit_wallet
from studio.models import Video
from tenants.scope import tenant_scope
from tests import permission_table as table
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

STAFF_SITES = ("admin/", "django-rq/")
MISSING = 10**9
BODY = '{"role": "member"}'
"""Valid where a role is asked for, so that authority and not validation answers; incomplete everywhere else."""


def rows(text: str) -> list[str]:
    return text.split("\n")[1:-1]


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, path)
        else:
            yield path, pattern


def served() -> list[str]:
    """Every ``METHOD /route`` that is not the staff's site nor the answer to unknown routes."""
    found = []
    for path, pattern in routes():
        if path.startswith((*STAFF_SITES, "^(?:api|status)")):
            continue
        view = getattr(pattern.callback, "cls", None)
        actions = getattr(pattern.callback, "actions", None)
        methods = actions or [name for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)]
        # DRF adds HEAD to a view's actions once the view has answered.
        found += [f"{method.upper()} /{path}" for method in (methods if view else ["get"]) if method != "head"]
    return found


@dataclass
class World:
    clients: dict[str, APIClient]
    ids: dict[str, Any]

    def statuses(self, row: str) -> dict[str, int]:
        """What each actor gets for the row, nothing of it lasting."""
        method, route = row.split(" ", 1)
        path = re.sub(r"<(\w+):(\w+)>", lambda match: str(self._value(*match.groups())), route)
        answered = {}
        for actor, client in self.clients.items():
            with transaction.atomic():
                answered[actor] = client.generic(method, path, BODY, content_type="application/json").status_code
                transaction.set_rollback(True)
        return answered

    def _value(self, converter: str, name: str) -> Any:
        return self.ids.get(name, uuid.UUID(int=0) if converter == "uuid" else MISSING)


@pytest.fixture
def world(make_user: UserFactory, client_of: Callable[[User], APIClient], settings: Any) -> World:
    settings.THROTTLES = {}
    owner = make_user(name="owner")
    people = {
        "owner": owner,
        "colleague": make_user(name="colleague", tenant=owner.tenant, tenant_role=User.TenantRole.MEMBER),
        "stranger": make_user(name="stranger"),
        "staff": make_user(name="staff", role=User.Role.ADMINISTRATOR),
        "super": make_user(name="chief", role=User.Role.SUPER_ADMINISTRATOR),
    }
    clients = {"anonymous": APIClient(), **{name: client_of(user) for name, user in people.items()}}
    wallet = open_credit_wallet(user=owner)
    with tenant_scope(owner.tenant):
        video = Video.objects.create(owner=owner, type="deforum")
        operation = FinanceOperation.objects.filter(wallet=wallet).get()
        invitation = Invitation.objects.create(
            email="x@example.com", role="member", invited_by=owner, expires_at=timezone.now() + timedelta(days=1)
        )
    ids = {
        "video_id": video.pk,
        "operation_id": operation.pk,
        "wallet_id": wallet.pk,
        "invitation_id": invitation.pk,
        "user_id": people["colleague"].pk,
        "session_id": owner.login_sessions.get().pk,
        "provider": "discord",
        "slug_or_id": "no-such-thing",
        "service": "database",
        "token": "none",
        "name": "none",
    }
    return World(clients, ids)


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    listed = [row for text in (table.PUBLIC, table.SIGNED_IN, table.STAFF, table.TENANT_OWNERS) for row in rows(text)]
    listed += table.OWNED
    assert len(listed) == len(set(listed))
    assert (set(served()) - set(listed), set(listed) - set(served())) == (set(), set()), (
        "without a row, without a route"
    )


def test_everybody_gets_what_the_table_says(world: World) -> None:
    wrong = {}
    signed_in = ("owner", "colleague", "stranger", "staff", "super")
    for text, admitted in (
        (table.PUBLIC, ("anonymous", *signed_in)),
        (table.SIGNED_IN, signed_in),
        (table.STAFF, ("staff", "super")),
        (table.TENANT_OWNERS, ("owner", "stranger", "staff", "super")),
    ):
        for row in rows(text):
            answered = world.statuses(row)
            for actor, status in answered.items():
                refusal = 401 if actor == "anonymous" else 403
                if (status in (401, 403)) if actor in admitted else (status != refusal):
                    wrong[row, actor] = status
    assert not wrong, "\n".join(f"{row}: {found}" for row, found in wrong.items())


def test_rows_of_others_are_refused_or_unknown(world: World) -> None:
    wrong = {}
    for row, (colleague, stranger, staff) in table.OWNED.items():
        answered = world.statuses(row)
        # A 403 for the colleague proves that the row is there, whatever the owner lacks to use it.
        unusable = (401, 403) if colleague == "403" else (401, 403, 404)
        if answered["anonymous"] != 401 or answered["owner"] in unusable:
            wrong[row] = answered
        expected = {"colleague": colleague, "stranger": stranger, "staff": staff, "super": staff}
        for actor, status in expected.items():
            if answered[actor] != (answered["owner"] if status == "staff" else int(status)):
                wrong[row] = answered
    assert not wrong, "\n".join(f"{row}: {found}" for row, found in wrong.items())


@pytest.mark.parametrize("actor", ["anonymous", "user", "staff"])
def test_the_staff_site_is_the_staffs(actor: str, make_user: UserFactory) -> None:
    client = Client()
    if actor != "anonymous":
        client.force_login(make_user(role=User.Role.ADMINISTRATOR if actor == "staff" else User.Role.USER))
    open_to_all = {
        "admin/login/",
        "admin/logout/",
        "admin/jsi18n/",
        "admin/autocomplete/",
        "admin/password_change/done/",
    }
    paths = {path for path, _ in routes() if path.startswith(STAFF_SITES) and "<" not in path and "(" not in path}
    assert len(paths) > 40
    came_in = {path for path in paths - open_to_all if client.get(f"/{path}").status_code == 200}
    assert ("admin/" in came_in) == (actor == "staff")
    if actor != "staff":
        assert came_in == set()
