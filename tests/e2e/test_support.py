"""Support in a browser: staff answer in the admin, the author follows the mailed link."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from support import services
from support.models import CannedAnswer, SupportMessage, SupportRequest
from tests.fixtures import PASSWORD, UserFactory

SCRIPT = "<img src=x onerror='window.broken=1'>"


@pytest.fixture
def ticket(page: Page) -> SupportRequest:
    CannedAnswer.objects.create(title="Patience", text="Please wait a little.")
    return services.file_anonymous_request(text=SCRIPT, subject=8, login="Eve", email="eve@example.com")


@pytest.fixture
def staff(make_user: UserFactory, ticket: SupportRequest, page: Page) -> User:
    """An administrator, logged in."""
    staff = make_user(name="operator", role=User.Role.ADMINISTRATOR)
    page.goto("/admin/support/supportrequest/")
    page.get_by_label("Email").fill(staff.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    return staff


def run_action(page: Page, name: str) -> None:
    page.locator("#action-toggle").check()
    page.get_by_label("Select action to run").select_option(label=name)
    page.get_by_role("button", name="Run").or_(page.get_by_role("button", name="Go")).click()


def test_staff_answer_note_assign_and_close(page: Page, staff: User, ticket: SupportRequest) -> None:
    row = page.locator("#result_list tbody tr")
    expect(row).to_contain_text(["eve@example.com"])
    expect(row.locator(".studio-status")).to_have_text("open")
    run_action(page, "Assign the selected requests to me")
    expect(row.locator(".field-assignee")).to_contain_text("operator")

    row.get_by_role("link", name="Rendering").click()
    talk = page.locator(".support-thread li")
    expect(talk).to_have_count(1)
    expect(talk).to_contain_text([SCRIPT])
    assert page.evaluate("window.broken") is None
    page.get_by_label("Canned answer").select_option(label="Patience")
    page.get_by_label("Answer", exact=True).fill("It is <b>nearly</b> done.")
    page.get_by_label("Internal note").fill("Third time this week")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(talk).to_have_count(3)
    expect(page.locator(".support-thread .answer p")).to_have_text("Please wait a little.\n\nIt is <b>nearly</b> done.")
    expect(page.locator(".support-thread .note p")).to_have_text("Third time this week")
    expect(page.locator("form .studio-status")).to_have_text("read")
    expect(page.locator("form .readonly", has_text=" s").first).not_to_have_text("-")

    page.locator("#id_status").select_option(label="Closed")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(row.locator(".studio-status")).to_have_text("closed")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.assignee) == (SupportRequest.Status.CLOSED, staff)
    assert ticket.first_response_at is not None

    row.get_by_role("link", name="Rendering").click()
    page.get_by_label("Answer", exact=True).fill("One more thing")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".errorlist").last).to_contain_text("set it to open to answer")
    assert SupportMessage.objects.count() == 3

    page.goto("/admin/support/supportrequest/")
    run_action(page, "Close the selected requests")
    expect(page.locator(".messagelist")).to_contain_text("This request is closed already.")
    run_action(page, "Open the selected requests again")
    expect(row.locator(".studio-status")).to_have_text("open")


def test_the_author_follows_the_link_and_writes_back(
    page: Page, ticket: SupportRequest, make_user: UserFactory
) -> None:
    operator = make_user(name="operator", role=User.Role.ADMINISTRATOR)
    services.answer(staff=operator, request=ticket, text="Try again")
    services.add_note(staff=operator, request=ticket, text="Odd")
    page.goto(f"/support/requests/{services.follow_token(ticket)}")
    talk = page.locator("li p")
    expect(talk).to_have_text([SCRIPT, "Try again"])
    assert page.evaluate("window.broken") is None
    page.get_by_label("Your message").fill("It works: " + SCRIPT)
    page.get_by_role("button", name="Send").click()
    expect(talk).to_have_text([SCRIPT, "Try again", "It works: " + SCRIPT])
    expect(page.locator("#status")).to_have_text("Unread")
    assert page.evaluate("window.broken") is None
