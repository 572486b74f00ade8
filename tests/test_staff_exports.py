"""Lists of the panel as files: everything that a list finds, nothing that somebody may not see, in bounded memory."""

from __future__ import annotations

import csv
import datetime
import io
import json
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from config.staff_export_files import csv_parts, json_parts
from config.staff_export_rows import WINDOW, columns_of
from config.staff_exports import ENDED, EXPORTED
from config.staff_pages import StaffPage
from studio.models import RenderJob
from support.models import SupportRequest
from tenants.scope import all_tenants
from tests.fixtures import UserFactory
from tests.staff_walk import fill, number_below_the_filled

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(make_user: UserFactory, client: Client) -> User:
    number_below_the_filled()
    chief = make_user(name="chief", role=User.Role.SUPER_ADMINISTRATOR)
    client.force_login(chief)
    return chief


def of_group(make_user: UserFactory, group: str) -> Client:
    person, client = make_user(name=group), Client()
    person.groups.add(Group.objects.get(name=group))
    client.force_login(person)
    return client


def address(model: str, kind: str = "json") -> str:
    return reverse(f"admin:{model.replace('.', '_')}_export", args=[kind])


def export(client: Client, model: str, query: str = "", kind: str = "json", reason: str = "for the books") -> Any:
    return client.post(address(model, kind) + query, {"reason": reason})


def rows(answer: HttpResponse) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    return found


def shown(client: Client, model: str, query: str = "") -> list[int]:
    url = reverse(f"admin:{model.replace('.', '_')}_changelist") + query
    return [row.pk for row in client.get(url).context["cl"].result_list]


def pages() -> list[StaffPage]:
    found = (page for model, page in admin.site._registry.items() if model._meta.managed)
    return sorted(found, key=lambda page: page.opts.label_lower)  # type: ignore[arg-type]


def test_every_list_is_exported_in_both_formats_with_the_same_rows(chief: User, client: Client) -> None:
    with all_tenants():
        fill(30)
        for page in pages():
            label, model = page.opts.label_lower, page.model
            as_json = rows(export(client, label))
            text = b"".join(export(client, label, kind="csv").streaming_content).decode()
            as_csv = list(csv.DictReader(io.StringIO(text, newline="")))
            # The audit log grows with each export.
            if model is not AuditEntry:
                keys = [str(pk) for pk in model._default_manager.order_by("-pk").values_list("pk", flat=True)]
                key = model._meta.pk.name
                assert [str(row[key]) for row in as_json] == [row[key] for row in as_csv] == keys, label
            if as_json:
                assert list(as_json[0]) == list(as_csv[0])
                assert len(as_json[0]) > 1, label


def test_filters_and_search_are_those_of_the_list_without_its_pages(
    chief: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All that the list finds, on one page.
    monkeypatch.setattr(admin.site._registry[RenderJob], "list_per_page", 10_000)
    counts = set()
    with all_tenants():
        fill(2 * WINDOW + 100)
        for query in (
            "", "?status__exact=failed", "?q=forest", "?q=person77", "?status__exact=failed&q=forest", "?q=1777",
            "?q=no+such+thing", "?purpose__exact=final&status__exact=completed", "?model_file__id__exact=1001",
        ):  # fmt: skip
            found = [row["id"] for row in rows(export(client, "studio.renderjob", query))]
            assert found == shown(client, "studio.renderjob", query), query
            counts.add(len(found))
        everything = rows(export(client, "studio.renderjob"))
        assert rows(export(client, "studio.renderjob", "?o=3&p=2&after=1500")) == everything
    assert len(counts) > 4
    assert max(counts) == 2 * WINDOW + 100


def test_a_filter_that_is_none_exports_nothing(chief: User, client: Client) -> None:
    for query in ("?status__exact=x%00", "?q=a%00", "?id__in=a", "?created_at__nope=1", "?nothing=1"):
        answer = export(client, "studio.renderjob", query)
        assert answer.status_code in (302, 400), query
    assert not AuditEntry.objects.filter(event=EXPORTED).exists()


def test_a_reason_is_asked_for(chief: User, client: Client) -> None:
    assert client.get(address("commerce.order") + "?status__exact=1").status_code == 200
    for reason in ("", " ", "x" * 501):
        answer = export(client, "commerce.order", reason=reason)
        assert answer.status_code == 422
        assert b"errorlist" in answer.content
    answer = export(client, "commerce.order", reason="<b>typed</b>" + "x" * 500)
    assert b"&lt;b&gt;typed&lt;/b&gt;" in answer.content
    assert export(client, "commerce.order", kind="xlsx").status_code == 404
    assert not AuditEntry.objects.filter(event=EXPORTED).exists()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(chief)
    assert export(strict, "commerce.order").status_code == 403


def test_the_audit_log_has_who_took_what_and_how_much(chief: User, client: Client, make_user: UserFactory) -> None:
    for _ in range(3):
        make_user()
    answer = export(client, "accounts.user", "?is_active__exact=1", kind="csv")
    assert answer["Content-Disposition"].startswith('attachment; filename="user-')
    assert "no-store" in answer["Cache-Control"]
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    began = AuditEntry.objects.get(event=EXPORTED)
    assert (began.actor, began.detail["list"], began.detail["reason"]) == (chief, "accounts.user", "for the books")
    assert (began.detail["kind"], began.detail["asked"]) == ("csv", {"is_active__exact": ["1"]})
    assert not AuditEntry.objects.filter(event=ENDED).exists()
    list(answer.streaming_content)
    ended = AuditEntry.objects.get(event=ENDED)
    assert ended.detail == {"export": began.detail["export"], "rows": User.objects.count(), "whole": True}


def test_an_export_that_takes_too_long_breaks_off(chief: User, client: Client, settings: Any) -> None:
    settings.STAFF_EXPORT_SECONDS = 0
    answer = export(client, "accounts.user")
    with pytest.raises(RuntimeError):
        list(answer.streaming_content)
    assert AuditEntry.objects.get(event=ENDED).detail["whole"] is False


@pytest.mark.parametrize(
    ("group", "may", "may_not"),
    [
        ("finance", ["commerce.order", "commerce.financeoperation"], ["accounts.user", "accounts.auditentry"]),
        ("support", ["support.supportrequest"], ["accounts.user", "commerce.order", "gallery.galleryreport"]),
        ("moderation", ["gallery.galleryreport"], ["accounts.user", "studio.renderjob", "commerce.order"]),
        ("operations", ["studio.renderjob", "effects.effect"], ["accounts.user", "commerce.wallet"]),
        ("owner", ["accounts.user", "accounts.auditentry", "commerce.order"], []),
    ],
)
def test_a_group_exports_what_the_table_says_and_is_offered_no_more(
    make_user: UserFactory, group: str, may: list[str], may_not: list[str]
) -> None:
    client = of_group(make_user, group)
    for model in may:
        assert client.get(address(model)).status_code == 200, model
        assert b"studio-exports" in client.get(reverse(f"admin:{model.replace('.', '_')}_changelist")).content
        rows(export(client, model))
    for model in may_not:
        assert client.get(address(model)).status_code == 403, model
        assert export(client, model).status_code == 403, model
        listed = client.get(reverse(f"admin:{model.replace('.', '_')}_changelist"))
        assert listed.status_code == 403 or b"studio-exports" not in listed.content, model


def test_names_of_related_rows_are_for_those_who_may_view_them(make_user: UserFactory, chief: User, rf: Any) -> None:
    page = admin.site._registry[RenderJob]
    moderator = make_user(name="moderator")
    moderator.groups.add(Group.objects.get(name="moderation"))
    found = {}
    for person in (chief, moderator):
        request = rf.get("/")
        request.user = person
        found[person] = {column.name for column in columns_of(page, request)}  # type: ignore[arg-type]
    assert found[chief] - found[moderator] == {"tenant", "model_file"}
    assert found[moderator] >= {"tenant_id", "owner_id", "owner"}


def test_no_column_holds_what_nobody_should_read(chief: User, rf: Any) -> None:
    request = rf.get("/")
    request.user = chief
    for page in pages():
        names = [column.name for column in columns_of(page, request)]
        assert len(names) == len(set(names)), page
        secret = ("password", "secret", "token", "hash", "jti", "storage_key", "data", "plan", "cause")
        assert not [name for name in names if any(word == name or f"_{word}" in name for word in secret)], page


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\ufeff=1", "\u200b@x", "\uff1d1+1",
        "\uff0b1", "\uff0d1", "\uff20x", "\u22121", "\x0b=1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")',
    ],
)  # fmt: skip
def test_no_cell_is_run_by_a_spreadsheet(text: str) -> None:
    (_, cell), *_ = csv.reader(
        io.StringIO(b"".join(csv_parts([], [[(1, text)]])).decode().removeprefix("\r\n"), newline="")
    )
    assert cell == f"'{text}"


def test_cells_keep_what_they_are() -> None:
    texts = ('a,b\n"c"', "mail@x.example", "ünïcødé 🎬")
    values = (-5, Decimal("-1.50"), True, None, {"prompt": "=1"}, [1], 0.5, *texts)
    names = [f"c{number}" for number in range(len(values))]
    (row,) = csv.DictReader(io.StringIO(b"".join(csv_parts(names, [[values]])).decode(), newline=""))
    assert list(row.values()) == ["-5", "-1.50", "true", "", '{"prompt": "=1"}', "[1]", "0.5", *texts]
    day = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)
    assert json.loads(b"".join(json_parts(["a", "b"], [[(day, "=1")], [], [(None, Decimal(1))]]))) == [
        {"a": "2026-01-02T00:00:00Z", "b": "=1"}, {"a": None, "b": "1"},
    ]  # fmt: skip
    assert json.loads(b"".join(json_parts(["a"], [[]]))) == []


def test_numbers_that_stand_for_words_are_words(chief: User, client: Client) -> None:
    SupportRequest.objects.create(login="x", email="a@example.com", subject=1, status=SupportRequest.Status.OPEN)
    (row,) = rows(export(client, "support.supportrequest"))
    assert (row["status"], row["email"], row["author"]) == ("Open", "a@example.com", None)
