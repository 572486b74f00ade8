"""Finance at work in a browser: four eyes, refunds in part, promo codes, the audit; and who may none of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from commerce.models import (
    FinanceOperation,
    LedgerAudit,
    Order,
    OrderItem,
    Payment,
    Product,
    PromoCode,
    Wallet,
)
from commerce.services.audits import run_audit
from commerce.services.wallets import open_credit_wallet
from effects.models import Category
from tenants.scope import all_tenants
from tests.e2e.axe import serious_faults
from tests.e2e.test_staff_renders import enter, offered
from tests.fixtures import UserFactory

SCRIPT = "<img src=x onerror='window.broken=1'>"


@pytest.fixture
def wallet(page: Page, make_user: UserFactory) -> Wallet:
    customer = make_user(name="customer")
    with all_tenants():
        return open_credit_wallet(user=customer)


@pytest.fixture
def order(wallet: Wallet) -> Order:
    """Paid over the counter, so that no provider is asked."""
    category = Category.objects.create(name="Prints", slug="prints", kind=Category.Kind.PRODUCT)
    product = Product.objects.create(category=category, name="Poster", price=30, availability=5)
    order = Order.objects.create(
        customer_id=wallet.user_id, status="paid", payment_method="cash", products_cost=30, total_cost=30,
        currency="USD", paid_at=timezone.now(),
    )  # fmt: skip
    OrderItem.objects.create(order=order, product=product, name="Poster", unit_price=30, quantity=1, cost=30)
    return order


def change(page: Page, wallet: Wallet, amount: str, reason: str) -> None:
    page.goto(f"/admin/commerce/wallet/{wallet.pk}/change/")
    page.get_by_role("link", name="Adjust balance").click()
    page.get_by_label("Change").fill(amount)
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Adjust balance").click()


def test_a_large_adjustment_takes_a_second_member(page: Page, wallet: Wallet, make_user: UserFactory) -> None:
    before = wallet.balance
    enter(page, make_user, "finance")
    change(page, wallet, "-99999", SCRIPT)
    expect(page.get_by_text("credits to take")).to_be_visible()
    expect(page.get_by_label("Reason")).to_have_value(SCRIPT)
    change(page, wallet, "40", SCRIPT)
    expect(page.get_by_text("done.")).to_be_visible()
    change(page, wallet, "5000", "A prize that the company gave")
    expect(page.get_by_text("a second member of the staff has to approve")).to_be_visible()
    with all_tenants():
        waiting = FinanceOperation.objects.get(status=FinanceOperation.Status.PENDING)
    page.goto(f"/admin/commerce/financeoperation/{waiting.pk}/change/")
    assert "Approve" not in offered(page)
    page.context.clear_cookies()
    enter(page, make_user, "owner")
    page.goto(f"/admin/commerce/financeoperation/{waiting.pk}/change/")
    page.get_by_role("link", name="Approve").click()
    page.get_by_label("Reason").fill("The board has decided it.")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("executed now")).to_be_visible()
    with all_tenants():
        assert Wallet.objects.get(pk=wallet.pk).balance == before + 5040
    assert page.evaluate("window.broken") is None


def test_a_part_is_paid_back_and_no_more_than_was_paid(page: Page, order: Order, make_user: UserFactory) -> None:
    enter(page, make_user, "finance")
    page.goto(f"/admin/commerce/order/{order.pk}/change/")
    page.get_by_role("link", name="Refund").click()
    page.get_by_label("Amount").fill("31")
    page.get_by_label("Reason").fill("The poster was torn.")
    page.get_by_role("button", name="Refund").click()
    expect(page.get_by_text("At most 30 USD are left of it.")).to_be_visible()
    expect(page.get_by_label("Reason")).to_have_value("The poster was torn.")
    page.get_by_label("Amount").fill("12.50")
    page.get_by_role("button", name="Refund").click()
    expect(page.get_by_text("12.5 USD are paid back by now")).to_be_visible()
    assert Order.objects.get(pk=order.pk).refunded_amount == 12.5
    with page.expect_popup() as receipt:
        page.get_by_role("link", name="Open the receipt").click()
    expect(receipt.value.get_by_text("Poster")).to_be_visible()


def test_codes_are_made_and_switched_off(page: Page, wallet: Wallet, make_user: UserFactory) -> None:
    enter(page, make_user, "finance")
    page.goto("/admin/commerce/promocode/add/")
    page.locator("#id_code").fill("spring")
    page.locator("#id_kind").select_option("percentage")
    page.locator("#id_value").fill("120")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Please correct the error")).to_be_visible()
    page.locator("#id_value").fill("20")
    page.get_by_role("button", name="Save", exact=True).click()
    code = PromoCode.objects.get(code="SPRING")
    page.goto(f"/admin/commerce/promocode/{code.pk}/change/")
    page.get_by_role("link", name="Switch off").click()
    page.get_by_label("Reason").fill("It was printed wrong.")
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("SPRING is switched off.")).to_be_visible()
    assert not PromoCode.objects.get().active


def test_the_audit_is_shown_when_it_has_ended(page: Page, wallet: Wallet, make_user: UserFactory) -> None:
    enter(page, make_user, "finance")
    page.get_by_role("link", name="Audit of the ledger").click()
    page.get_by_role("button", name="Audit now").click()
    expect(page.get_by_role("cell", name="Under way")).to_be_visible()
    # As the background worker does, which knows nothing of this database.
    run_audit(LedgerAudit.objects.get().pk)
    expect(page.get_by_role("cell", name="Sound")).to_be_visible()


@pytest.mark.parametrize("group", ["support", "moderation", "operations"])
def test_others_move_no_money(page: Page, order: Order, wallet: Wallet, make_user: UserFactory, group: str) -> None:
    enter(page, make_user, group)
    for address in (
        f"/admin/commerce/order/{order.pk}/change/act/refund/",
        f"/admin/commerce/wallet/{wallet.pk}/change/act/adjust/",
        "/admin/money/audit/",
        "/admin/commerce/promocode/add/",
    ):
        answer = page.goto(address)
        assert answer is not None
        assert answer.status in (403, 404), address
    page.goto(f"/admin/commerce/order/{order.pk}/change/")
    shown = page.get_by_role("cell", name="Poster", exact=True)
    expect(shown).to_have_count(2 if group == "support" else 0)
    assert "Refund" not in offered(page)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_pages_fit_and_are_accessible(
    page: Page, order: Order, wallet: Wallet, make_user: UserFactory, scheme: Literal["dark", "light"], tmp_path: Path
) -> None:
    """``SCREENSHOTS`` names a folder to keep the pictures in."""
    Payment.objects.create(
        provider="stripe", intent_id="pi_1", user_id=wallet.user_id, order=order, amount=30, currency="USD",
        status="succeeded",
    )  # fmt: skip
    PromoCode.objects.create(code="SPRING", kind="percentage", value=20, uses=1)
    page.emulate_media(color_scheme=scheme)
    enter(page, make_user, "finance")
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    for name, address in {
        "order": f"/admin/commerce/order/{order.pk}/change/",
        "refund": f"/admin/commerce/order/{order.pk}/change/act/refund/",
        "wallet": f"/admin/commerce/wallet/{wallet.pk}/change/act/adjust/",
        "code": f"/admin/commerce/promocode/{PromoCode.objects.get().pk}/change/",
        "audit": "/admin/money/audit/",
    }.items():
        page.goto(address)
        for width, height, size in ((1440, 900, "desk"), (390, 844, "phone")):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
            assert serious_faults(page) == [], address
            page.screenshot(path=folder / f"staff-money-{name}-{size}-{scheme}.png")
