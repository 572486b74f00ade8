"""Two have the same page of the panel open: whoever comes second is told, loses nothing, and may insist."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.test import Client
from django.urls import reverse

from accounts.models import User
from commerce.models import PromoCode
from effects.models import Category
from studio.models import Preset
from tenants.scope import all_tenants
from tests.fixtures import UserFactory
from tests.panel_forms import Data, form_of
from tests.panel_rows import make_rows, newest, pages
from tests.staff_walk import number_below_the_filled

WORDS = (models.CharField, models.TextField)
NUMBERS = (models.IntegerField, models.DecimalField, models.FloatField)


@pytest.fixture
def chief(make_user: UserFactory, client: Client) -> Client:
    number_below_the_filled()
    client.force_login(make_user(name="chief", role=User.Role.SUPER_ADMINISTRATOR))
    return client


def address(row: models.Model, view: str = "change") -> str:
    return reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_{view}", args=[row.pk])


def others(row: models.Model, name: str) -> tuple[Any, str] | None:
    """What somebody else makes of a column, and what is typed here."""
    column: Any = row._meta.get_field(name)
    now = getattr(row, name)
    if column.choices or column.primary_key:
        return None
    if isinstance(column, WORDS):
        both = (f"{now}a"[-column.max_length :], f"{now}b"[-column.max_length :]) if column.max_length else ("a b", "c")
        return ("theirs@example.com", "mine@example.com") if name == "email" else both
    if isinstance(column, NUMBERS):
        return (now or 0) + 1, str((now or 0) + 2)
    return None


def test_every_page_that_changes_tells_of_what_others_changed(chief: Client) -> None:
    make_rows()
    tried: dict[str, set[str]] = {}
    with all_tenants():
        for model in pages():
            row = newest(model)
            if row is None:
                continue
            answer = chief.get(address(row))
            if not answer.context or not answer.context.get("has_change_permission"):
                continue
            form = answer.context["adminform"].form
            columns = {column.name for column in model._meta.concrete_fields}
            for name, field in form.fields.items():
                if name not in columns or field.disabled:
                    continue
                tried.setdefault(model._meta.label_lower, set())
                if not hasattr(field, "choices") and (both := others(row, name)):
                    second_is_told(chief, row, name, *both)
                    tried[model._meta.label_lower].add(name)
    # Of support's form the service itself keeps watch.
    assert {label for label, names in tried.items() if not names} == {"support.supportrequest"}
    assert set(tried) >= {"accounts.user", "effects.effect", "studio.preset", "commerce.product", "studio.modelfile"}


def second_is_told(client: Client, row: Any, name: str, theirs: Any, mine: str) -> None:
    what = f"{row._meta.label} {name}"
    data = form_of(client.get(address(row)).text, name)
    assert f"initial-{name}" in data, what
    type(row)._base_manager.filter(pk=row.pk).update(**{name: theirs})
    answer = client.post(address(row), {**data, name: mine})
    assert answer.status_code == 409, what
    errors = answer.context["adminform"].form.errors
    assert "meanwhile" in str(errors[name]), what
    again = form_of(answer.text, name)
    assert again[name] == [mine], what
    row.refresh_from_db()
    assert getattr(row, name) == theirs, what
    # Whoever sends it again has been told.
    insisted = client.post(address(row), {**again, "reason": "because"})
    told = {} if insisted.status_code == 302 else insisted.context["adminform"].form.errors
    assert "meanwhile" not in str(told), what


def preset(make_user: UserFactory) -> tuple[Preset, User]:
    with all_tenants():
        row = Preset.objects.create(tenant=None, name="Old", slug="old", settings={"zoom": "0:(1)"})
    return row, make_user(name="grace")


def opened(client: Client, row: models.Model, wanted: str = "name") -> Data:
    return form_of(client.get(address(row)).text, wanted)


@pytest.mark.django_db
def test_the_second_is_told_who_changed_what_and_may_insist(chief: Client, make_user: UserFactory) -> None:
    row, grace = preset(make_user)
    data = opened(chief, row)
    other = Client()
    grace.role = User.Role.ADMINISTRATOR
    grace.save(update_fields=["role"])
    other.force_login(grace)
    first = {**opened(other, row), "name": "Hers", "description": "also <b>hers</b>"}
    assert other.post(address(row), first).status_code == 302
    answer = chief.post(address(row), {**data, "name": "Mine", "slug": "mine"})
    assert "grace@example.com changed it to “Hers” meanwhile." in answer.text
    assert "grace@example.com changed it to “also &lt;b&gt;hers&lt;/b&gt;” meanwhile. It stays so." in answer.text
    again = form_of(answer.text, "name")
    assert (again["name"], again["slug"]) == (["Mine"], ["mine"])
    assert chief.post(address(row), again).status_code == 302
    with all_tenants():
        row.refresh_from_db()
    assert (row.name, row.slug, row.description) == ("Mine", "mine", "also <b>hers</b>")


@pytest.mark.django_db
def test_a_third_change_is_told_anew(chief: Client, make_user: UserFactory) -> None:
    row, _ = preset(make_user)
    again = opened(chief, row)
    for name in ("First", "Second"):
        with all_tenants():
            Preset.objects.filter(pk=row.pk).update(name=name)
        answer = chief.post(address(row), {**again, "name": "Mine"})
        assert f"changed it to “{name}” meanwhile." in answer.text
        again = form_of(answer.text, "name")


@pytest.mark.django_db
def test_what_was_not_touched_here_stays_as_others_made_it_and_is_told(chief: Client, make_user: UserFactory) -> None:
    row, _ = preset(make_user)
    data = opened(chief, row)
    with all_tenants():
        Preset.objects.filter(pk=row.pk).update(description="theirs")
    answer = chief.post(address(row), {**data, "name": "Mine"}, follow=True)
    assert "Description: Somebody else changed it to “theirs” meanwhile. It stays so." in answer.text
    with all_tenants():
        row.refresh_from_db()
    assert (row.name, row.description) == ("Mine", "theirs")


@pytest.mark.django_db
def test_both_typed_the_same_or_sent_it_twice(chief: Client, make_user: UserFactory) -> None:
    row, _ = preset(make_user)
    data = {**opened(chief, row), "name": "Same"}
    for _ in range(2):
        assert chief.post(address(row), data).status_code == 302


@pytest.mark.django_db
def test_lines_of_a_browser_are_no_change(chief: Client, make_user: UserFactory) -> None:
    row, _ = preset(make_user)
    with all_tenants():
        Preset.objects.filter(pk=row.pk).update(description="one\ntwo \n")
    data = opened(chief, row)
    data |= {"initial-description": ["one\r\ntwo \r\n"], "description": ["one\r\ntwo\r\nthree"]}
    assert chief.post(address(row), data).status_code == 302


@pytest.mark.django_db
def test_a_wrong_value_beside_does_not_hide_it(chief: Client, make_user: UserFactory) -> None:
    row, _ = preset(make_user)
    data = {**opened(chief, row), "name": "Mine", "slug": "not a slug"}
    with all_tenants():
        Preset.objects.filter(pk=row.pk).update(name="Theirs")
    answer = chief.post(address(row), data)
    assert set(answer.context["adminform"].form.errors) == {"__all__", "name", "slug"}


@pytest.mark.django_db
def test_what_was_typed_for_a_row_that_is_gone_is_shown(chief: Client, make_user: UserFactory) -> None:
    with all_tenants():
        row = Category.objects.create(name="Old", slug="old", kind=Category.Kind.EFFECT)
    data = {**opened(chief, row), "name": "Mine </textarea><script>x</script>"}
    url = address(row)
    with all_tenants():
        row.delete()
    answer = chief.post(url, data)
    assert answer.status_code == 404
    assert "Mine &lt;/textarea&gt;&lt;script&gt;" in answer.text
    assert "csrfmiddlewaretoken</label>" not in answer.text


@pytest.mark.django_db
def test_several_hidden_parts_are_kept_as_shown_when_a_form_comes_back(chief: Client) -> None:
    make_rows()
    with all_tenants():
        row = PromoCode.objects.get(code="KEPT")
    data = opened(chief, row, "code")
    typed: Data = {**data, "code": [""], "starts_at_0": ["2031-05-06"], "starts_at_1": ["07:08:09"]}
    again = form_of(chief.post(address(row), typed).text, "code")
    assert chief.post(address(row), {**again, "code": "KEPT"}).status_code == 302
    with all_tenants():
        row.refresh_from_db()
    assert row.starts_at is not None
    assert row.starts_at.year == 2031


@pytest.mark.django_db
def test_who_changed_it_is_said_only_of_that_field(chief: Client, make_user: UserFactory) -> None:
    row, grace = preset(make_user)
    kind = ContentType.objects.get_for_model(Preset)
    LogEntry.objects.create(
        user=grace, content_type=kind, object_id=str(row.pk), object_repr="x", action_flag=CHANGE,
        change_message='[{"changed": {"fields": ["Description"]}}]',
    )  # fmt: skip
    data = {**opened(chief, row), "name": "Mine"}
    with all_tenants():
        Preset.objects.filter(pk=row.pk).update(name="Theirs")
    assert "Somebody else changed it to “Theirs” meanwhile." in chief.post(address(row), data).text
