"""The catalogue and the settings in the panel, with a browser: operations keep them, support only looks."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from accounts.models import AuditEntry
from effects.models import Category
from studio.models import CatalogueTask, ModelFile
from tenants.models import RuntimeChange
from tests.e2e.test_staff_renders import enter, offered
from tests.e2e.test_steering import serious_faults
from tests.fixtures import UserFactory

SCRIPT = "<img src=x onerror='window.broken=1'>"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


@pytest.fixture
def shelves(db: None) -> list[str]:
    names = ["Portraits", "Landscapes", SCRIPT]
    for place, name in enumerate(names):
        Category.objects.create(name=name, slug=f"shelf-{place}")
    return names


def order(page: Page) -> list[str]:
    names = page.locator(".studio-order-name").all_text_contents()
    return [name.rsplit(" shelf-", 1)[0].strip() for name in names]


def fits(page: Page) -> bool:
    """On a phone: nothing scrolls sideways."""
    page.set_viewport_size(PHONE)
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.set_viewport_size(DESK)
    return not wide


def test_categories_are_put_in_order_by_keys_and_by_dragging(
    page: Page, make_user: UserFactory, shelves: list[str]
) -> None:
    enter(page, make_user, "operations")
    page.goto("/admin/catalogue/order/effect-categories/")
    assert order(page) == shelves
    page.get_by_role("button", name="Move Landscapes up").focus()
    page.keyboard.press("Enter")
    assert order(page) == ["Landscapes", "Portraits", SCRIPT]
    expect(page.get_by_role("status")).to_have_text("Landscapes is number 1 of 3, not saved yet.")
    expect(page.get_by_role("button", name="Move Landscapes up")).to_be_focused()
    page.locator(".studio-order li").nth(2).drag_to(
        page.locator(".studio-order li").nth(0), target_position={"x": 60, "y": 2}
    )
    assert order(page) == [SCRIPT, "Landscapes", "Portraits"]
    assert page.evaluate("window.broken") is None
    assert serious_faults(page) == []
    assert fits(page)

    # Somebody else is faster.
    Category.objects.filter(slug="shelf-1").update(sort_order=-1)
    page.get_by_role("button", name="Save the order").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody else has changed the order")
    assert order(page) == [SCRIPT, "Landscapes", "Portraits"]
    page.get_by_role("button", name="Save the order").click()
    expect(page.locator(".messagelist")).to_contain_text("are in this order now")
    assert list(Category.objects.order_by("sort_order").values_list("slug", flat=True)) == [
        "shelf-2", "shelf-1", "shelf-0",
    ]  # fmt: skip


def test_a_switch_is_turned_with_a_reason_and_its_history_is_there(page: Page, make_user: UserFactory) -> None:
    person = enter(page, make_user, "operations")
    page.goto("/admin/system/settings/")
    assert serious_faults(page) == []
    assert fits(page)
    page.get_by_role("link", name="New renders").click()
    page.get_by_label("Value").select_option("off")
    page.get_by_role("button", name="Change it").click()
    expect(page.locator(".errorlist")).to_have_text("This field is required.")
    expect(page.get_by_label("Value")).to_have_value("off")
    page.get_by_label("Reason").fill(SCRIPT)
    page.get_by_role("button", name="Change it").click()
    expect(page.locator(".messagelist")).to_have_text("New renders: off.")
    page.get_by_role("link", name="New renders").click()
    history = page.locator(".studio-settings-history li")
    expect(history).to_have_count(1)
    expect(history).to_contain_text(["default → off"])
    expect(history).to_contain_text([person.email])
    expect(history).to_contain_text([SCRIPT])
    assert page.evaluate("window.broken") is None
    assert serious_faults(page) == []
    assert fits(page)
    assert RuntimeChange.objects.get().after is False


def test_a_model_is_asked_for_checked_and_tried(page: Page, make_user: UserFactory, tiny_model: ModelFile) -> None:
    enter(page, make_user, "operations")
    page.goto("/admin/catalogue/fetch/")
    assert serious_faults(page) == []
    assert fits(page)
    page.get_by_label("Repository").fill("../secrets")
    page.get_by_label("Reason").fill("Customers ask for it.")
    page.get_by_role("button", name="Fetch it").click()
    expect(page.locator(".errorlist").first).to_contain_text("Must be owner/name")
    expect(page.get_by_label("Reason")).to_have_value("Customers ask for it.")
    page.get_by_label("Repository").fill("someone/painter")
    page.get_by_role("button", name="Fetch it").click()
    expect(page.locator("[data-live^=status] .studio-status")).to_have_text("queued")
    CatalogueTask.objects.update(status="running", done=512 * 1024, total=1024 * 1024)
    expect(page.locator("[data-live^=progress]")).to_contain_text("512 KiB / 1 MiB")

    page.goto(f"/admin/studio/modelfile/{tiny_model.pk}/change/")
    assert offered(page) == ["Check", "Try it"]
    page.get_by_role("link", name="Check", exact=True).click()
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".messagelist")).to_have_text("A complete sd15 model.")
    page.get_by_role("link", name="Try it").click()
    page.get_by_role("button", name="Try it").click()
    expect(page.locator(".messagelist")).to_contain_text("is queued: see Renders.")
    assert AuditEntry.objects.filter(event="model.tried").count() == 1


def test_support_is_offered_none_of_it(page: Page, make_user: UserFactory, shelves: list[str]) -> None:
    enter(page, make_user, "support")
    expect(page.locator("#nav-sidebar, nav").first).to_be_attached()
    assert "Fetch a model" not in page.content()
    assert "/admin/system/settings/" not in page.content()
    page.goto("/admin/catalogue/order/effect-categories/")
    assert order(page) == shelves
    expect(page.get_by_role("button", name="Save the order")).to_have_count(0)
    expect(page.get_by_role("button", name="Move Portraits up")).to_have_count(0)
