"""A member of the support group at work in a browser, with a colleague who is faster."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect

from accounts.models import User
from support import services
from support.models import SupportMessage, SupportRequest
from tests.fixtures import PASSWORD, UserFactory

SCRIPT = "<img src=x onerror='window.broken=1'>"


@pytest.fixture
def ticket(page: Page, user: User) -> SupportRequest:
    return services.file_request(user=user, text=SCRIPT, subject=8, about={})


@pytest.fixture
def agent(make_user: UserFactory, ticket: SupportRequest, page: Page) -> User:
    agent = make_user(name="ada")
    agent.groups.add(Group.objects.get(name="support"))
    page.goto(f"/admin/support/supportrequest/{ticket.pk}/change/")
    page.get_by_label("Email").fill(agent.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    return agent


def test_the_customer_beside_the_talk_and_nothing_lost(
    page: Page, agent: User, ticket: SupportRequest, make_user: UserFactory, user: User
) -> None:
    expect(page.locator(".support-customer")).to_contain_text(user.email)
    expect(page.locator(".support-thread")).to_contain_text(SCRIPT)
    assert page.evaluate("window.broken") is None
    page.get_by_label("Answer", exact=True).fill("Typed at length.")
    grace = make_user(name="grace", role=User.Role.ADMINISTRATOR)
    services.answer(staff=grace, request=ticket, text="I was faster.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("grace has written meanwhile")).to_be_visible()
    expect(page.get_by_label("Answer", exact=True)).to_have_value("Typed at length.")
    expect(page.locator(".support-thread li")).to_have_count(2)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    expect(page.locator(".support-times")).to_contain_text("1 of 1 answered")
    assert SupportMessage.objects.filter(kind="answer", author=agent).get().text == "Typed at length."


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_fits(page: Page, agent: User, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    expect(page.locator(".support-customer")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
