"""What each group of the staff may open in the panel, beside what is written down in ``staff_access.txt``.

``pytest tests/test_staff_access.py --golden`` writes the file anew; its difference is what a review looks at.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.staff.groups import GROUPS, OWNER, granted
from config.staff_views import staff_views
from tenants.scope import all_tenants
from tests.fixtures import UserFactory
from tests.staff_walk import fill, number_below_the_filled

FILE = Path(__file__).with_name("staff_access.txt")
HEAD = "# page, and what it answers to a customer, to each group of the staff, to administrators\n"
WHO = ("nobody", *GROUPS, OWNER, "administrator", "super")
PAGES = ("changelist", "export", "add", "change", "history", "delete")
ALONE = ("index", "password_change", "security")

pytestmark = pytest.mark.django_db


def person(make_user: UserFactory, who: str) -> User:
    role = {"administrator": User.Role.ADMINISTRATOR, "super": User.Role.SUPER_ADMINISTRATOR}.get(who, User.Role.USER)
    user = make_user(name=f"walker {who}", role=role)
    if who in (*GROUPS, OWNER):
        user.groups.add(Group.objects.get(name=who))
    return user


def pages() -> Iterator[tuple[str, str]]:
    """Name and address of every page of the panel that is opened by an address alone."""
    for name in ALONE:
        yield name, reverse(f"admin:{name}")
    yield "queues", reverse("django_rq:home")
    for model in sorted((m for m in admin.site._registry if m._meta.managed), key=lambda m: m._meta.label_lower):
        label = model._meta.label_lower
        row = model._base_manager.order_by("pk").values_list("pk", flat=True).first()
        for page in PAGES:
            if page == "export":
                yield f"{label} export", reverse(f"admin:{label.replace('.', '_')}_export", args=["csv"])
            elif page in ("changelist", "add"):
                yield f"{label} {page}", reverse(f"admin:{label.replace('.', '_')}_{page}")
            elif row is not None:
                yield f"{label} {page}", reverse(f"admin:{label.replace('.', '_')}_{page}", args=[row])
        for act in admin.site._registry[model].acts if row is not None else ():
            yield f"{label} {act.verb}", reverse(f"admin:{label.replace('.', '_')}_act", args=[row, act.verb])
    for name, view in staff_views.items():
        if "<" not in view.address:
            yield name, reverse(f"admin:{name}")


def answers(clients: dict[str, Client], url: str) -> str:
    found = []
    for client in clients.values():
        response = client.get(url)
        refused = response.status_code == HTTPStatus.FOUND and "/login/" in response["Location"]
        found.append("login" if refused else str(response.status_code))
    return " ".join(f"{word:>5}" for word in found)


def test_every_page_answers_each_group_as_it_is_written(make_user: UserFactory, request: pytest.FixtureRequest) -> None:
    number_below_the_filled()
    with all_tenants():
        fill(30)
        clients = {who: Client() for who in WHO}
        for who, client in clients.items():
            client.force_login(person(make_user, who))
        lines = [f"{name:<42} {answers(clients, url)}\n" for name, url in pages()]
    text = HEAD + f"{'':<42} " + " ".join(f"{who[:5]:>5}" for who in WHO) + "\n" + "".join(lines)
    if request.config.getoption("--golden"):
        FILE.write_text(text)
    assert text == FILE.read_text()


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_has_exactly_what_the_table_gives_it(group: str) -> None:
    had = set(Group.objects.get(name=group).permissions.values_list("content_type__app_label", "codename"))
    assert had == granted(group)
