"""The overview: right figures, each for whom it is, each leading to the rows that it counts."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts.models import User
from commerce.models import FinanceOperation, Order
from commerce.services.wallets import open_credit_wallet
from config.staff_figures import PERIODS, asked_period, staff_figures
from gallery.models import GalleryItem, GalleryReport
from studio.models import MediaFile, RenderJob
from studio.services.files.figures import count_stored
from studio.tests.queue_rows import make_row
from studio.tests.test_drains import dead_redis
from support.models import SupportRequest
from tenants.scope import all_tenants
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

__all__ = ["dead_redis"]

NOW = timezone.now()
JUST_NOW, OLD = NOW - timedelta(minutes=1), NOW - timedelta(days=10)


def client_of(make_user: UserFactory, group: str = "") -> Client:
    staff = make_user(role=User.Role.SUPER_ADMINISTRATOR if not group else User.Role.USER)
    if group:
        staff.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(staff)
    return client


def figures(client: Client, period: str = "7d") -> dict[str, tuple[str, str]]:
    """By title: the value, and where it leads."""
    answer = client.get(f"/admin/?period={period}")
    assert answer.status_code == 200
    found = re.findall(r'<a href="([^"]*)"><strong>([^<]*)</strong> ([^<]*?)\s*(?:<small>|</a>)', answer.text)
    return {title: (value, unescape(link)) for link, value, title in found}


def rows_of(client: Client, link: str) -> int:
    """How many rows the list shows."""
    answer = client.get(link)
    assert answer.status_code == 200, link
    return len(answer.context["cl"].result_list)


@pytest.fixture
def studio(make_user: UserFactory) -> User:
    """Something of everything, some of it long ago."""
    ada = make_user(name="ada")
    with all_tenants():
        for status, at, code in [
            ("completed", JUST_NOW, ""), ("completed", OLD, ""), ("failed", JUST_NOW, "out_of_memory"),
            ("failed", JUST_NOW, "source_unreadable"), ("failed", OLD, "out_of_memory"),
        ]:  # fmt: skip
            make_row(ada, status=status, finished_at=at, error_code=code)
        make_row(ada, status="queued", queue="high", queued_at=timezone.now() - timedelta(minutes=5))
        make_row(ada, status="queued", queue="low", queued_at=timezone.now() - timedelta(seconds=30))
        wallet = open_credit_wallet(user=ada)
        for number, (kind, amount, reference, at) in enumerate(
            [(2, 30, "ai_job", JUST_NOW), (1, 5, "ai_job", JUST_NOW), (2, 99, "ai_job", OLD),
             (1, 7, "adjustment", JUST_NOW)]
        ):  # fmt: skip
            FinanceOperation.objects.create(
                tenant=ada.tenant, wallet=wallet, user=ada, type=kind, status=2, amount=amount, balance_after=100,
                reference_type=reference, idempotency_key=f"figure-{number}", created_at=at, executed_at=at,
            )  # fmt: skip
        FinanceOperation.objects.create(
            tenant=ada.tenant, wallet=wallet, user=ada, type=1, status=3, amount=1, idempotency_key="p", created_at=OLD
        )
    for currency, cost, back, status, at in [
        ("USD", 10, 0, "finished", JUST_NOW), ("USD", 20, 5, "finished", JUST_NOW),
        ("USD", 40, 0, "refunded", JUST_NOW),
        ("EUR", 8, 0, "paid", JUST_NOW), ("USD", 1000, 0, "finished", OLD), ("USD", 7, 0, "unpaid", None),
    ]:  # fmt: skip
        Order.objects.create(
            customer=ada, status=status, payment_method="stripe", products_cost=cost, total_cost=cost,
            currency=currency, refunded_amount=back, credits=100, paid_at=at,
        )  # fmt: skip
    for status in (1, 2, 3, 4):
        SupportRequest.objects.create(author=ada, email=ada.email, status=status)
    with all_tenants():
        file = MediaFile.objects.create(
            tenant=ada.tenant,
            owner=ada,
            original_filename="a.mp4",
            mime_type="video/mp4",
            size=3 << 20,
            storage_key="figures/a.mp4",
            sha256="0" * 64,
            kind="output",
        )
        count_stored()
        shown = make_row(ada, status="completed", finished_at=OLD).video
    item = GalleryItem.objects.create(video=shown, owner=ada, owner_name="ada", processed_file=file)
    GalleryReport.objects.create(item=item, user=make_user(), reason="spam")
    GalleryReport.objects.create(item=item, user=make_user(), reason="spam", resolved_at=NOW)
    return ada


def test_figures_are_those_of_the_period(studio: User, make_user: UserFactory) -> None:
    client = client_of(make_user)
    shown = {title: value for title, (value, _) in figures(client).items()}
    assert shown["Revenue in USD"] == "25.00"
    assert shown["Revenue in EUR"] == "8.00"
    assert shown["Credits sold"] == "400"
    assert shown["Credits spent"] == "25"
    assert shown["Operations that wait"] == "1"
    assert (shown["Rendering"], shown["Queued"], shown["Paused"]) == ("0", "2", "0")
    assert (shown["Completed"], shown["Failed"]) == ("1", "66.7 %")
    assert (shown["Open tickets"], shown["Wait for an answer"], shown["Open reports"]) == ("3", "2", "1")
    longer = {title: value for title, (value, _) in figures(client, "30d").items()}
    assert longer["Revenue in USD"] == "1,025.00"
    assert longer["Credits spent"] == "124"
    assert (longer["Completed"], longer["Failed"]) == ("3", "50.0 %")
    assert shown["Storage used"] == "3 MiB"


def test_figures_lead_to_the_rows_that_they_count(studio: User, make_user: UserFactory) -> None:
    client = client_of(make_user)
    shown = figures(client)
    for title, rows in {
        "Queued": 2, "Completed": 1, "Failed": 2, "Renders an hour": 1, "Open tickets": 3, "Wait for an answer": 2,
        "Open reports": 1, "Operations that wait": 1, "Credits spent": 2, "Revenue in USD": 4,
    }.items():  # fmt: skip
        assert rows_of(client, shown[title][1]) == rows, (title, shown[title])
    assert "Workers" in client.get(shown["Workers alive"][1]).text
    page = client.get("/admin/").text
    codes = re.findall(r'<a href="([^"]*error_code[^"]*)">([^<]*)</a></td>\s*<td[^>]*>(\d+)</td>', page)
    assert {(code, int(count)) for _, code, count in codes} == {("out_of_memory", 1), ("source_unreadable", 1)}
    for link, _, count in codes:
        assert rows_of(client, unescape(link)) == int(count)


def test_queues_tell_how_long_their_oldest_waits(studio: User, make_user: UserFactory) -> None:
    page = client_of(make_user).get("/admin/").text
    rows = re.findall(r'queue=(\w+)">\w+</a></td><td[^>]*>(\d+)</td><td[^>]*>([^<]*)</td>', page)
    assert [(queue, depth) for queue, depth, _ in rows] == [("high", "1"), ("medium", "0"), ("low", "1")]
    assert re.fullmatch(r"5 min \d+ s", rows[0][2])


PARTS = {
    "support": {"now", "renders", "support"},
    "finance": {"money"},
    "moderation": {"now", "renders", "moderation"},
    "operations": {"now", "workers", "renders", "storage"},
    "owner": set(staff_figures),
}


@pytest.mark.parametrize("group", PARTS)
def test_each_group_sees_its_own_and_can_open_all_of_it(studio: User, make_user: UserFactory, group: str) -> None:
    client = client_of(make_user, group)
    page = client.get("/admin/")
    assert set(re.findall(r'id="part-(\w+)"', page.text)) == PARTS[group]
    board = page.text.partition('class="studio-board"')[2].partition('class="studio-links"')[0]
    for link in set(re.findall(r'href="(/admin/[^"]*)"', board)):
        assert client.get(unescape(link)).status_code == 200, link


def test_who_is_in_no_group_is_told_so(make_user: UserFactory) -> None:
    client = Client()
    guest = make_user()
    guest.groups.add(Group.objects.create(name="guests of the house"))
    client.force_login(guest)
    assert "None of the figures is for your group" in client.get("/admin/").text


def test_what_lives_is_read_again_alone(studio: User, make_user: UserFactory) -> None:
    page = client_of(make_user).get("/admin/", headers={"X-Requested-With": "fetch"}).text
    assert set(re.findall(r'id="part-(\w+)"', page)) == {"now", "workers"}


def test_a_period_that_there_is_not_is_a_404(make_user: UserFactory) -> None:
    assert client_of(make_user).get("/admin/?period=forever").status_code == 404


@pytest.mark.parametrize("name", PERIODS)
def test_periods_are_whole_steps(rf: Any, name: str) -> None:
    now = datetime.fromisoformat("2026-03-29T13:37:11+00:00")
    period = asked_period(rf.get("/", {"period": name}), now)
    length = timedelta(hours=1) if period.step == "hour" else timedelta(days=1)
    assert period.moments[0] == period.since
    assert period.moments[-1] <= now < period.moments[-1] + length
    assert len(period.moments) == PERIODS[name][1] / length
    assert (period.since.minute, period.since.second) == (0, 0)


def test_without_redis_the_rest_is_told(studio: User, make_user: UserFactory, dead_redis: None) -> None:
    page = client_of(make_user).get("/admin/").text
    assert "which workers there are is not known" in page
    assert "Revenue in USD" in page


def test_an_empty_studio_has_figures_too(make_user: UserFactory, django_assert_max_num_queries: Any) -> None:
    client = client_of(make_user)
    assert figures(client)["Failed"][0] == "0 %"
    assert figures(client)["Revenue"][0] == "0"
    with django_assert_max_num_queries(32):
        client.get("/admin/")
    assert Decimal(figures(client)["Credits spent"][0]) == 0
    assert RenderJob._base_manager.count() == 0
