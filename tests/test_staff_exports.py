"""Lists of the panel as files: every list, by its filters, without formulas, in bounded memory."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from commerce.models import PromoCode
from tenants.scope import all_tenants
from tests.fixtures import UserFactory
from tests.staff_walk import fill, number_below_the_filled

pytestmark = pytest.mark.django_db


def content(answer: Any) -> str:
    assert isinstance(answer, StreamingHttpResponse)
    return b"".join(answer).decode()  # type: ignore[arg-type]


@pytest.fixture
def browser(make_user: UserFactory) -> Client:
    browser = Client()
    browser.force_login(make_user(name="root", role=User.Role.SUPER_ADMINISTRATOR))
    return browser


def test_every_list_has_all_of_its_rows(make_user: UserFactory) -> None:
    number_below_the_filled()
    browser = Client()
    browser.force_login(make_user(name="root", role=User.Role.SUPER_ADMINISTRATOR))
    with all_tenants():
        fill(30)
        for model, page in admin.site._registry.items():
            name = model._meta.label_lower.replace(".", "_")
            answer = json.loads(content(browser.get(reverse(f"admin:{name}_export", args=["json"]))))
            table = list(csv.reader(io.StringIO(content(browser.get(reverse(f"admin:{name}_export", args=["csv"]))))))
            # The audit log grows by the export itself.
            assert len(table) - 1 - len(answer) in (0, 1), name
            assert len(table[0]) == len([column for column in page.list_display if column != "action_checkbox"])
            if model is User:
                assert len(answer) == User.objects.count()


def test_a_list_is_exported_as_it_is_filtered(browser: Client, make_user: UserFactory) -> None:
    make_user(name="chief", role=User.Role.ADMINISTRATOR)
    make_user(name="customer")
    url = reverse("admin:accounts_user_export", args=["json"])
    found = json.loads(content(browser.get(url, {"role__exact": User.Role.ADMINISTRATOR})))
    assert [row["name"] for row in found] == ["chief"]
    entry = AuditEntry.objects.filter(event="list.exported").latest("pk")
    assert entry.detail == {"list": "accounts.user", "kind": "json", "query": "role__exact=1"}
    assert [row["name"] for row in json.loads(content(browser.get(url, {"q": "customer"})))] == ["customer"]


def test_no_cell_is_a_formula(browser: Client) -> None:
    for code in ("=1+1", "@SUM(A1)", "+49", "-2"):
        PromoCode.objects.create(code=code, kind="percent", value=5)
    table = list(
        csv.reader(io.StringIO(content(browser.get(reverse("admin:commerce_promocode_export", args=["csv"])))))
    )
    assert {row[0] for row in table[1:]} == {"'=1+1", "'@SUM(A1)", "'+49", "'-2"}


def test_a_long_list_needs_the_memory_of_a_page(browser: Client) -> None:
    rows = 40_000
    AuditEntry.objects.bulk_create((AuditEntry(event="e" * 60) for _ in range(rows)), batch_size=5_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_auditentry")
    answer = browser.get(reverse("admin:accounts_auditentry_export", args=["csv"]))
    assert isinstance(answer, StreamingHttpResponse)
    lines = 0
    tracemalloc.start()
    for part in answer:
        assert isinstance(part, bytes)
        lines += part.count(b"\n")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert lines >= rows
    assert most < 24 * 2**20


def test_who_may_not_look_gets_nothing(browser: Client, make_user: UserFactory) -> None:
    person = make_user(name="moderator")
    person.groups.add(Group.objects.get(name="moderation"))
    other = Client()
    other.force_login(person)
    assert other.get(reverse("admin:commerce_order_export", args=["csv"])).status_code == 403
    assert browser.get(reverse("admin:commerce_order_export", args=["xlsx"])).status_code == 404
    assert AuditEntry.objects.filter(event="list.exported").count() == 0
