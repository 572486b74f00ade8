"""The order that staff give to the catalogue: kept as it was seen, or refused with nothing moved."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from config.api.errors import Conflict, ValidationFailed
from effects.models import Category, Effect
from effects.services import create_effect, delete_effect
from effects.services.ordering import arrange
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

PAGE = "/admin/catalogue/order/effect-categories/"
SHELF = "effect categories"


@pytest.fixture
def staff(make_user: UserFactory) -> User:
    user = make_user(name="operator")
    user.groups.add(Group.objects.get(name="operations"))
    return user


@pytest.fixture
def panel(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


@pytest.fixture
def three() -> list[int]:
    Category.objects.create(name="Products", slug="products", kind=Category.Kind.PRODUCT, sort_order=9)
    return [Category.objects.create(name=f"<b>{n}</b>", slug=f"category-{n}").pk for n in range(3)]


def now() -> list[int]:
    rows = Category.objects.filter(kind=Category.Kind.EFFECT)
    return list(rows.order_by("sort_order", "id").values_list("pk", flat=True))


def listed(path: str) -> list[int]:
    return [row["id"] for row in APIClient().get(path).json()["data"]["items"]]


def sent(order: list[int], seen: list[int], **more: Any) -> dict[str, Any]:
    return {"order": order, "seen": ",".join(map(str, seen)), **more}


def test_a_new_order_is_kept_and_written_down(panel: Client, staff: User, three: list[int]) -> None:
    wanted = [three[2], three[0], three[1]]
    assert "&lt;b&gt;0&lt;/b&gt;" in panel.get(PAGE).content.decode()
    assert panel.post(PAGE, sent(wanted, three)).status_code == 302
    assert now() == wanted
    entry = AuditEntry.objects.get(event="catalogue.arranged")
    assert (entry.actor, entry.detail["before"], entry.detail["after"]) == (staff, three, wanted)
    assert listed("/api/categories")[:3] == wanted
    assert Category.objects.get(slug="products").sort_order == 9


def test_buttons_move_without_scripts_and_without_saving(panel: Client, three: list[int]) -> None:
    answer = panel.post(PAGE, sent(three, three, move=f"{three[1]}:up"))
    assert answer.status_code == 200
    assert [row.pk for row in answer.context["rows"]] == [three[1], three[0], three[2]]
    for nowhere in (f"{three[0]}:up", f"{three[2]}:down", "x:up", f"{three[0]}:away", "999:up", ""):
        answer = panel.post(PAGE, sent(three, three, move=nowhere))
        assert [row.pk for row in answer.context["rows"]] == three
    assert now() == three


def test_the_second_of_two_is_told_and_keeps_what_they_wanted(panel: Client, staff: User, three: list[int]) -> None:
    arrange(staff=staff, shelf=SHELF, ids=[three[1], three[0], three[2]], seen=three)
    newest = Category.objects.create(name="New", slug="new", sort_order=50).pk
    wanted = [three[2], three[1], three[0]]
    answer = panel.post(PAGE, sent(wanted, three))
    assert answer.status_code == 409
    assert "Somebody else" in answer.content.decode()
    assert [row.pk for row in answer.context["rows"]] == [*wanted, newest]
    assert now() == [three[1], three[0], three[2], newest]
    assert panel.post(PAGE, sent([*wanted, newest], now())).status_code == 302
    assert now() == [*wanted, newest]


@pytest.mark.parametrize("order", ["", "1,x", "0", "-1", "9" * 30, "1;DROP TABLE"])
def test_what_is_no_order_is_refused(panel: Client, three: list[int], order: str) -> None:
    assert panel.post(PAGE, {"order": order, "seen": ",".join(map(str, three))}).status_code == 422
    assert panel.post(PAGE, {"order": three, "seen": order}).status_code == 422
    assert now() == three


def test_rows_are_there_once_and_are_of_the_shelf(staff: User, three: list[int]) -> None:
    product = Category.objects.get(slug="products").pk
    for ids in (three[:2], [*three, three[0]], [*three[:2], product], []):
        with pytest.raises(ValidationFailed):
            arrange(staff=staff, shelf=SHELF, ids=ids, seen=three)
    with pytest.raises(Conflict):
        arrange(staff=staff, shelf=SHELF, ids=three, seen=three[:2])
    assert now() == three


def test_effects_are_listed_in_their_order(panel: Client) -> None:
    cache.clear()
    ids = [
        create_effect(values={"name": f"E{n}", "slug": f"e{n}", "type": Effect.Type.ANIMATION, "credits_cost": 1}).pk
        for n in range(4)
    ]
    delete_effect(Effect.objects.get(pk=ids.pop()))
    wanted = ids[::-1]
    assert panel.post("/admin/catalogue/order/effects/", sent(wanted, ids)).status_code == 302
    assert listed("/api/effects?order=sort_order:asc") == wanted


def test_a_deleted_effect_is_restored_once(panel: Client) -> None:
    effect = create_effect(values={"name": "E", "slug": "e", "type": Effect.Type.ANIMATION, "credits_cost": 1})
    delete_effect(effect)
    page = f"/admin/effects/effect/{effect.pk}/change/act/restore/"
    assert panel.post(page, {"reason": " "}).status_code == 422
    assert panel.post(page, {"reason": "Missed"}).status_code == 302
    assert not Effect.objects.get().is_deleted
    assert panel.post(page, {"reason": "Missed"}).status_code == 409
    assert AuditEntry.objects.get(event="effect.restored").detail == {"row": "e", "reason": "Missed"}


@pytest.mark.parametrize("group", ["support", "finance", "moderation"])
def test_other_groups_change_nothing(make_user: UserFactory, group: str, three: list[int]) -> None:
    user = make_user()
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    assert client.post(PAGE, sent(three[::-1], three)).status_code == 403
    assert now() == three
