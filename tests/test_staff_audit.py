"""What staff do in the panel is in the audit log: who, what, before and after, why."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from config.staff_acts import Act
from tenants.scope import all_tenants
from tests.fixtures import UserFactory
from tests.panel_forms import form_of
from tests.panel_rows import make_rows, newest, pages
from tests.staff_walk import number_below_the_filled
from tests.test_stale_forms import address, others

WHY = "because a test says so"
pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(make_user: UserFactory) -> User:
    number_below_the_filled()
    return make_user(name="chief", role=User.Role.SUPER_ADMINISTRATOR)


@pytest.fixture
def browser(chief: User) -> Client:
    client = Client()
    client.force_login(chief)
    return client


def newest_entry() -> AuditEntry | None:
    return AuditEntry.objects.exclude(event="staff.act").order_by("-pk").first()


def test_every_change_by_a_form_is_written_down(browser: Client, chief: User) -> None:
    make_rows(3)
    changed, silent = set(), set()
    with all_tenants():
        for model in pages():
            row = newest(model)
            answer = browser.get(address(row)) if row else None
            if row is None or answer is None or not (answer.context or {}).get("has_change_permission"):
                continue
            form = answer.context["adminform"].form
            columns = {column.name for column in model._meta.concrete_fields}
            for name, field in form.fields.items():
                both = None if name not in columns or field.disabled or hasattr(field, "choices") else others(row, name)
                if not both:
                    continue
                before, was = newest_entry(), getattr(row, name)
                sent = browser.post(address(row), {**form_of(answer.text, name), name: both[1], "reason": WHY})
                if sent.status_code != 302:
                    continue
                entry = newest_entry()
                label = f"{model._meta.label_lower}.{name}"
                changed.add(model._meta.label_lower)
                if entry is None or entry == before or entry.actor != chief or not tells(entry, name, was, both[1]):
                    silent.add(label)
                break
    assert silent == set()
    assert changed >= {
        "accounts.user", "commerce.product", "commerce.promocode", "commerce.wallettype", "effects.category",
        "effects.effect", "studio.blockedphrase", "studio.modelfile", "studio.preset", "support.cannedanswer",
    }  # fmt: skip


def tells(entry: AuditEntry, name: str, was: Any, now: str) -> bool:
    """Whether the entry has what the field was and is; of a person's own data, only that it changed."""
    said = str(entry.detail)
    return (str(was) in said and now in said) or name in said


def possible(chief: User, act: Act, model: Any) -> Any:
    return next((row for row in model._base_manager.order_by("-pk") if act.offered_to(chief, row)), None)


def test_every_act_is_written_down(browser: Client, chief: User) -> None:
    """Of those that ask for no more than why, as their page is filled in."""
    make_rows(30)
    done, silent = set(), {}
    with all_tenants():
        for model, page in pages().items():
            for act in page.acts:
                row = possible(chief, act, model)
                if row is None:
                    continue
                url = reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_act", args=[row.pk, act.verb])
                before = newest_entry()
                page_of_act = browser.get(url)
                if 'name="reason"' not in page_of_act.text:
                    continue
                data = form_of(page_of_act.text, "reason")
                sent = browser.post(url, {**data, "reason": WHY})
                if sent.status_code not in (200, 302):
                    continue
                name, entry = f"{model._meta.label_lower} {act.verb}", newest_entry()
                done.add(name)
                if entry is None or entry == before or entry.actor != chief or WHY not in str(entry.detail):
                    silent[name] = f"{entry and (entry.event, entry.detail)}"
    assert silent == {}
    assert len(done) >= 12, done


def test_what_is_deleted_is_written_down(browser: Client, chief: User) -> None:
    make_rows(3)
    with all_tenants():
        for label in ("studio.preset", "commerce.promocode", "effects.category"):
            model = next(model for model in pages() if model._meta.label_lower == label)
            row = newest(model)
            assert row is not None
            if browser.post(address(row, "delete"), {"post": "yes"}).status_code == 302:
                entry = newest_entry()
                assert entry is not None
                assert (entry.actor, entry.event.endswith(".deleted")) == (chief, True), label
