"""What each group of the staff may open in the panel, and send to it, beside what is written down in
``staff_access.txt``: every address of the URL conf, so that a new one that nobody wrote down fails here.

``pytest tests/test_staff_access.py --golden`` writes the file anew; its difference is what a review looks at.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection, models
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from accounts.staff.groups import GROUPS, OWNER, granted
from config.staff_pages import StaffPage
from tenants.scope import all_tenants
from tests.fixtures import UserFactory
from tests.panel_rows import make_rows, newest, pages
from tests.panel_urls import addresses
from tests.staff_walk import number_below_the_filled

FILE = Path(__file__).with_name("staff_access.txt")
HEAD = """\
# What every address of the panel answers: to whom is not logged in, to a customer, to a member of a group that has no
# permission, to each group, to administrators; GET, then POST of a form that says yes and why.
"""
EMPTY = "empty"
"""A group that may nothing."""
WHO = ("stranger", "customer", EMPTY, *GROUPS, OWNER, "administrator", "super")
YES = {"post": "yes", "confirmed": "1", "reason": "because"}
LEFT_OUT = {"/admin/logout/": "GET and POST end the session that the walk goes by"}
REFUSED = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.BAD_REQUEST}
LOG = AuditEntry._meta.db_table
OWN = {"django_session", "durable_cache"}
"""Tables that a refusal may write to: whose session this is."""

pytestmark = pytest.mark.django_db


def person(make_user: UserFactory, who: str) -> User:
    role = {"administrator": User.Role.ADMINISTRATOR, "super": User.Role.SUPER_ADMINISTRATOR}.get(who, User.Role.USER)
    user = make_user(name=f"walker {who}", role=role)
    if who == EMPTY:
        Group.objects.get_or_create(name=EMPTY)
    if who in (EMPTY, *GROUPS, OWNER):
        user.groups.add(Group.objects.get(name=who))
    return user


@pytest.fixture
def clients(make_user: UserFactory) -> dict[str, Client]:
    number_below_the_filled()
    make_rows(3)
    found = {who: Client() for who in WHO}
    for who, client in found.items():
        if who != "stranger":
            client.force_login(person(make_user, who))
    return found


@contextmanager
def undone() -> Iterator[None]:
    """No transaction of Django's, within which services would refuse to ask Redis."""
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT walk")
    yield
    connection.needs_rollback = False
    with connection.cursor() as cursor:
        cursor.execute("ROLLBACK TO SAVEPOINT walk")


def digest() -> dict[str, str]:
    """Of every row of each table of ours."""
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(model._meta.db_table for model in apps.get_models() if model._meta.managed):
            if table not in OWN:
                # That there was a request is written down, whatever it was answered.
                where = "WHERE event <> 'staff.act'" if table == LOG else ""
                cursor.execute(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM \"{table}\" AS t {where}")
                found[table] = str(cursor.fetchone()[0])
    return found


def said(response: HttpResponseBase) -> str:
    to_login = response.status_code == HTTPStatus.FOUND and "/login/" in response["Location"]
    return "login" if to_login else str(response.status_code)


def is_refused(word: str) -> bool:
    return word == "login" or int(word) in REFUSED


def asked(client: Client, url: str, method: str) -> tuple[str, bool]:
    """What it answers, and whether rows were written; they are as before afterwards."""
    wrote = []

    def look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        words = sql.split(None, 3)
        if words and words[0] in ("INSERT", "UPDATE", "DELETE"):
            table = words[1 if words[0] == "UPDATE" else 2].strip('"')
            wrote.extend([table] if table not in {*OWN, LOG} else [])
        return execute(sql, params, many, context)

    word = ""
    with undone(), connection.execute_wrapper(look):
        response = client.get(url) if method == "GET" else client.post(url, YES)
        word = said(response)
    return word, bool(wrote)


def test_every_address_answers_each_group_as_it_is_written(
    clients: dict[str, Client], request: pytest.FixtureRequest
) -> None:
    lines, wrong = [], []
    with all_tenants():
        before = digest()
        for address in addresses():
            if address.name in LEFT_OUT:
                continue
            for method in ("GET", "POST"):
                words = []
                for who, client in clients.items():
                    word, wrote = asked(client, address.url, method)
                    words.append(word)
                    if wrote and is_refused(word):
                        wrong.append(f"{who} {method} {address.name}")
                lines.append(f"{method:<4} {address.name:<72} " + " ".join(f"{word:>5}" for word in words) + "\n")
        assert digest() == before
    assert wrong == [], "refused, and yet something was written"
    text = HEAD + f"{'':<77} " + " ".join(f"{who[:5]:>5}" for who in WHO) + "\n" + "".join(lines)
    if request.config.getoption("--golden"):
        FILE.write_text(text)
    assert text == FILE.read_text()


def test_nothing_is_sent_to_the_panel_without_a_token(clients: dict[str, Client]) -> None:
    chief = Client(enforce_csrf_checks=True)
    chief.cookies = clients["super"].cookies
    with all_tenants():
        before = digest()
        answered = {address.name: chief.post(address.url, YES).status_code for address in addresses()}
        assert digest() == before
    # A method that a page does not know is refused first.
    assert {name: status for name, status in answered.items() if status not in (403, 404, 405)} == {}


def actions(page: StaffPage) -> list[str]:
    """Everything that the list could do at once, whoever asks."""
    base: Any = page
    return sorted({name for _, name, _ in base._get_base_actions()} | {act.verb for act in page.acts})


def test_what_a_list_does_not_offer_is_not_done(clients: dict[str, Client]) -> None:
    with all_tenants():
        before, tried = digest(), 0
        for model, page in pages().items():
            row = newest(model)
            url = reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist")
            for who, client in clients.items():
                shown = client.get(url)
                form = shown.context.get("action_form") if shown.status_code == HTTPStatus.OK else None
                offered = {name for name, _ in form.fields["action"].choices} if form else set()
                for name in (name for name in actions(page) if name not in offered):
                    across = str(tried % 2)
                    chosen = {"_selected_action": [row.pk if row else 1], "select_across": across, "index": "0"}
                    answer = client.post(url, {**YES, **chosen, "action": name})
                    assert answer.status_code in (200, 302, 403), (who, url, name)
                    tried += 1
        assert digest() == before
    assert tried > 100


def test_an_action_reaches_no_row_that_is_not_the_lists(clients: dict[str, Client]) -> None:
    """Rows that are not there, of other types, far too many or no numbers."""
    with all_tenants():
        before = digest()
        for model, page in pages().items():
            url = reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist")
            for name in actions(page):
                for chosen in (["999999999"], ["-1", "x'--"], ["9" * 40], ["\x00"], []):
                    answer = clients["super"].post(url, {**YES, "action": name, "_selected_action": chosen})
                    assert answer.status_code in (200, 302, 400, 422), (url, name, chosen)
        assert digest() == before


def secrets(model: type[models.Model]) -> list[str]:
    """Lookups that would tell, letter by letter, what no page shows."""
    plain = (models.CharField, models.TextField, models.JSONField, models.BinaryField)
    fields = [field.name for field in model._meta.concrete_fields if isinstance(field, plain)]
    people = [field.name for field in model._meta.concrete_fields if field.related_model is User]
    words = ("password", "secret", "token", "key", "jti", "hash", "data", "response", "body", "state")
    own = [name for name in fields if any(word in name for word in words)]
    return [
        *(f"{name}__password__startswith" for name in people),
        *(f"{name}__login_sessions__refresh_jti__startswith" for name in people),
        *(f"{name}__tenant__users__password__startswith" for name in people),
        *(f"{name}__startswith" for name in own),
        *(["password__startswith", "tenant__users__password__startswith"] if model is User else []),
    ]


def test_no_list_is_an_oracle(clients: dict[str, Client]) -> None:
    found = []
    with all_tenants():
        for model, page in pages().items():
            url = reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist")
            shown = {str(name) for name in (*page.list_display, *page.list_filter)}
            for lookup in secrets(model):
                if lookup.split("__")[0] in shown and lookup.count("__") == 1:
                    continue
                answer = clients["super"].get(url, {lookup: "a"})
                if answer.status_code == HTTPStatus.OK:
                    found.append(f"{url}?{lookup}=")
    assert found == []


ODD = (
    {"_popup": "1"}, {"_popup": "x", "_to_field": "id"}, {"_to_field": "password"}, {"_to_field": "nonesuch"},
    {"_changelist_filters": "a=b&a=%00&%ff"}, {"_changelist_filters": "http://evil.example/?x"},
)  # fmt: skip
"""Of every page."""
OF_LISTS = (
    {"e": "1"}, {"o": "x.y"}, {"all": ""}, {"p": "-1"}, {"pop": "1"}, {"_facets": "1"}, {"id__in": "x"}, {"q": "\x00"},
    {"q": "x" * 5000}, {"pk__gt": "9" * 30}, {"pk__regex": "(a+)+$"}, {"is_null__isnull": "x"}, {"pk__in": "\x00"},
)  # fmt: skip


def test_odd_parameters_break_and_tell_nothing(clients: dict[str, Client]) -> None:
    wrong = []
    with all_tenants():
        before = digest()
        for model in pages():
            row = newest(model)
            label = model._meta.label_lower.replace(".", "_")
            asked = [(reverse(f"admin:{label}_changelist"), odd) for odd in (*ODD, *OF_LISTS)]
            asked += [(reverse(f"admin:{label}_add"), odd) for odd in ODD]
            asked += [(reverse(f"admin:{label}_change", args=[row.pk]), odd) for odd in ODD if row]
            for url, odd in asked:
                answer = clients["super"].get(url, odd)
                elsewhere = "evil.example" in answer.get("Location", "")
                if answer.status_code not in (200, 302, 400, 403, 404) or elsewhere:
                    wrong.append(f"{url} {odd} {answer.status_code}")
        assert digest() == before
    assert wrong == []


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_has_exactly_what_the_table_gives_it(group: str) -> None:
    had = set(Group.objects.get(name=group).permissions.values_list("content_type__app_label", "codename"))
    assert had == granted(group)
