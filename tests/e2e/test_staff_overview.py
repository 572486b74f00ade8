"""The overview in a real browser: charts, periods by keyboard, what lives, by day and by night, at desk and phone."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from commerce.models import Order
from studio.models import RenderJob
from studio.tests.queue_rows import make_row
from tenants.scope import all_tenants
from tests.e2e.axe import serious_faults
from tests.fixtures import PASSWORD, UserFactory


@pytest.fixture
def studio(page: Page, make_user: UserFactory) -> User:
    """Some weeks of a studio."""
    now = timezone.now()
    ada = make_user(name="ada")
    for number in range(60):
        at = now - timedelta(hours=7 * number, minutes=number)
        failed = number % 7 == 0
        make_row(
            ada, status="failed" if failed else "completed", finished_at=at, queued_at=at,
            error_code="out_of_memory" if failed else "",
        )  # fmt: skip
        Order.objects.create(
            customer=ada, status="finished", payment_method="stripe", products_cost=10 + number, credits=100,
            total_cost=10 + number, currency="EUR" if number % 5 == 0 else "USD", paid_at=at,
        )  # fmt: skip
    make_row(ada, status="queued", queue="high", queued_at=now - timedelta(minutes=4))
    return ada


def enter(page: Page, make_user: UserFactory, group: str) -> None:
    staff = make_user(name=group)
    staff.groups.add(Group.objects.get(name=group))
    page.goto("/admin/")
    page.get_by_label("Email").fill(staff.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("navigation", name="Period")).to_be_visible()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_it_is_drawn_and_accessible(
    page: Page, studio: User, make_user: UserFactory, scheme: Literal["dark", "light"], tmp_path: Path
) -> None:
    """``SCREENSHOTS`` names a folder to keep the pictures in."""
    page.emulate_media(color_scheme=scheme)
    enter(page, make_user, "owner")
    charts = page.locator("[data-chart] canvas")
    expect(charts).to_have_count(3)
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    for width, height, name in ((1440, 900, "desk"), (390, 844, "phone")):
        page.set_viewport_size({"width": width, "height": height})
        expect(charts.first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert serious_faults(page) == []
        page.screenshot(path=folder / f"staff-overview-{name}-{scheme}.png", full_page=True)


def test_periods_are_chosen_by_keyboard_and_figures_lead_on(page: Page, studio: User, make_user: UserFactory) -> None:
    enter(page, make_user, "owner")
    chooser = page.get_by_role("navigation", name="Period")
    expect(chooser.locator("[aria-current]")).to_have_text("7 days")
    chooser.get_by_role("link", name="30 days").press("Enter")
    expect(chooser.locator("[aria-current]")).to_have_text("30 days")
    renders = page.get_by_role("region", name="Renders")
    renders.get_by_text("As a table").press("Enter")
    expect(renders.get_by_role("columnheader", name="completed")).to_be_visible()
    renders.get_by_role("link", name="out_of_memory").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(9)


def test_what_lives_moves_while_somebody_looks(page: Page, studio: User, make_user: UserFactory) -> None:
    enter(page, make_user, "operations")
    now = page.get_by_role("region", name="At this moment")
    expect(now).to_contain_text("1 Queued")
    with all_tenants():
        RenderJob.objects.filter(status="queued").delete()
    expect(now).to_contain_text("0 Queued")
    expect(page.get_by_role("region", name="Renders")).to_be_visible()
    expect(page.get_by_text("Revenue")).to_have_count(0)
