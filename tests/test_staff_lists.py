"""The staff's lists read as much of a large table as of a small one, whatever is asked of them."""

from __future__ import annotations

import json

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import User
from bench.staff_urls import pages
from config.staff_lists import SMALL, StaffChangeList, StaffPaginator
from config.staff_pages import NewestFormSet, StaffPage
from config.staff_search import REACH
from studio.models import RenderJob
from studio.services.files.figures import count_stored
from tenants.scope import all_tenants
from tests.fixtures import UserFactory
from tests.staff_walk import fill, number_below_the_filled, read

ROWS = 2 * REACH
ALLOWED = REACH + 5_000
"""Rows that a statement may read: those that are looked at where no index helps, and what hangs on a page."""


@pytest.fixture
def staff(client: Client, make_user: UserFactory) -> Client:
    number_below_the_filled()
    client.force_login(make_user(name="chief", role=User.Role.SUPER_ADMINISTRATOR))
    return client


def test_every_page_of_staff_is_built_on_the_one_that_holds() -> None:
    for model, page in admin.site._registry.items():
        if not model._meta.managed:
            continue
        assert isinstance(page, StaffPage), model
        assert page.get_changelist(None) is StaffChangeList, model  # type: ignore[arg-type]
        assert page.paginator is StaffPaginator, model
        assert (page.date_hierarchy, page.show_full_result_count, page.list_editable) == (None, False, ()), model
        for inline in page.inlines:
            assert issubclass(inline.formset, NewestFormSet), inline


@pytest.mark.django_db
def test_no_list_reads_more_than_it_may(staff: Client) -> None:
    with all_tenants():
        fill(ROWS)
        # Upkeep does that once an hour; the overview shows what it found.
        count_stored()
        wrong = {}
        for name, url in pages(staff, middle=1000 + ROWS // 2):
            found = read(staff, url)
            if found.rows > ALLOWED:
                wrong[f"{name}: {url}"] = f"{found.rows:,} rows: {found.statement[:2000]}"
    assert not wrong, json.dumps(wrong, indent=1)


@pytest.mark.django_db
def test_pages_follow_one_another_without_gap_or_repeat(staff: Client) -> None:
    with all_tenants():
        fill(SMALL + 2_000)
        expected = list(RenderJob.objects.order_by("-pk").values_list("pk", flat=True)[:150])
        url = reverse("admin:studio_renderjob_changelist")
        seen, shown = [], staff.get(url).context["cl"]
        for _ in range(3):
            seen += [job.pk for job in shown.result_list]
            shown, was = staff.get(url + shown.next_link).context["cl"], shown
        assert seen == expected
        back = staff.get(url + shown.previous_link).context["cl"]
        assert [job.pk for job in back.result_list] == [job.pk for job in was.result_list]
        assert staff.get(url + "?p=400").headers["Location"].endswith("?e=1")
        for bad in ("?after=x", "?before=-1e9", "?after=99999999999999999999", "?p=0", "?o=99"):
            assert staff.get(url + bad).status_code in (200, 302), bad


@pytest.mark.django_db
def test_what_is_looked_for_one_by_one_goes_on_behind_what_was_looked_at(staff: Client) -> None:
    with all_tenants():
        fill(REACH + 5_000)
        oldest = RenderJob.objects.order_by("pk")[0]
        RenderJob.objects.filter(pk=oldest.pk).update(worker="a lonely worker")
        url = reverse("admin:studio_renderjob_changelist") + "?q=lonely"
        shown = staff.get(url).context["cl"]
        assert (list(shown.result_list), shown.looked_at) == ([], REACH)
        shown = staff.get(reverse("admin:studio_renderjob_changelist") + shown.next_link).context["cl"]
        assert ([job.pk for job in shown.result_list], shown.looked_at) == ([oldest.pk], 0)


@pytest.mark.django_db
def test_an_action_takes_no_more_rows_than_it_can(staff: Client) -> None:
    with all_tenants():
        fill(SMALL + 2_000)
        queued = RenderJob.objects.queued().count()
        form = {"action": "cancel", "select_across": "1", "_selected_action": [1001], "index": "0"}
        answer = staff.post(reverse("admin:studio_renderjob_changelist"), form, follow=True)
        assert b"rows at most" in answer.content
        assert RenderJob.objects.queued().count() == queued
