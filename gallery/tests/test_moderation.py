"""Decisions about reports: with a reason, once, and written down; in the queue as on an item's page."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client

from accounts.models import AuditEntry, User
from config.api.errors import DomainError, ValidationFailed
from gallery import services
from gallery.models import GalleryItem, GalleryReport
from gallery.tests.conftest import Publish
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

QUEUE = "/admin/moderation/queue/"
ITEM = "/admin/gallery/galleryitem/{}/change/"


@pytest.fixture
def moderator(make_user: UserFactory) -> User:
    return in_group(make_user, "moderation", "ada")


@pytest.fixture
def staff(moderator: User) -> Client:
    return logged_in(moderator)


@pytest.fixture
def reported(item: GalleryItem, user: User) -> GalleryReport:
    return services.report(item=item, user=user, reason="hate", details="<script>broken()</script>")


def in_group(make_user: UserFactory, group: str, name: str) -> User:
    user = make_user(name=name)
    user.groups.add(Group.objects.get(name=group))
    return user


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def decision(item: GalleryItem, decision: str = "hide", reason: str = "Hate.", **more: Any) -> dict[str, Any]:
    return {"item": item.pk, "decision": decision, "reason": reason, "seen": services.version_of(item), **more}


class TestQueue:
    def test_what_a_decision_needs(self, staff: Client, item: GalleryItem, reported: GalleryReport) -> None:
        page = staff.get(QUEUE).content.decode()
        assert re.search(r'<video [^>]*src="/files/', page)
        for shown in (item.title, "hate", reported.user.email, "&lt;script&gt;broken", "1 published"):
            assert shown in page
        assert "<script>broken" not in page

    def test_the_prompt_is_shown_as_text(self, staff: Client, publish: Publish, user: User) -> None:
        item = publish(parameters={"prompt": "<b>a fox</b>", "negative_prompt": "fog"})
        services.report(item=item, user=user, reason="spam")
        page = staff.get(QUEUE).content.decode()
        assert "&lt;b&gt;a fox&lt;/b&gt;" in page
        assert "<b>a fox" not in page

    def test_the_oldest_comes_first_and_the_next_follows(self, staff: Client, publish: Publish, user: User) -> None:
        first, second = publish(title="First"), publish(title="Second")
        for one in (second, first):
            services.report(item=one, user=user, reason="spam")
        page = staff.get(QUEUE).content.decode()
        assert page.index("Second") < page.index("First")
        answer = staff.post(QUEUE, decision(second))
        assert (answer.status_code, answer["Location"]) == (302, f"{QUEUE}?item={first.pk}")

    @pytest.mark.parametrize(
        ("verb", "state", "outcome"),
        [("hide", "hidden", "hidden"), ("remove", "removed", "removed"), ("dismiss", "visible", "dismissed"),
         ("restore", "visible", "visible")],
    )  # fmt: skip
    def test_each_decision(
        self, staff: Client, moderator: User, item: GalleryItem, reported: GalleryReport,
        verb: str, state: str, outcome: str,
    ) -> None:  # fmt: skip
        assert staff.post(QUEUE, decision(item, verb)).status_code == 302
        item.refresh_from_db()
        reported.refresh_from_db()
        assert item.moderation == state
        assert (reported.outcome, reported.resolution, reported.resolved_by) == (outcome, "Hate.", moderator)
        entry = AuditEntry.objects.get(event__startswith="gallery_")
        assert (entry.actor, entry.subject, entry.detail["reason"]) == (moderator, item.owner, "Hate.")
        assert (entry.detail["before"], entry.detail["after"]) == ("visible", state)
        assert "Nothing waits" in staff.get(QUEUE).content.decode()

    @pytest.mark.parametrize(
        "more", [{"reason": ""}, {"reason": "  "}, {"decision": "burn"}, {"decision": ""}, {"reason": "x" * 501}]
    )
    def test_what_is_no_decision(
        self, staff: Client, item: GalleryItem, reported: GalleryReport, more: dict[str, Any]
    ) -> None:
        assert staff.post(QUEUE, {**decision(item), **more}).status_code == 422
        item.refresh_from_db()
        assert item.moderation == "visible"

    def test_whoever_comes_second_is_told_and_keeps_what_was_typed(
        self, staff: Client, make_user: UserFactory, item: GalleryItem, reported: GalleryReport
    ) -> None:
        mine = decision(item, "remove", "Typed at length.")
        other = in_group(make_user, "moderation", "grace")
        services.moderate(item, to="hidden", moderator=other, note="Hate speech.")
        answer = staff.post(QUEUE, mine)
        page = answer.content.decode()
        assert answer.status_code == 409
        assert "grace has decided meanwhile: the video is hidden (Hate speech.)" in page
        assert "Typed at length." in page
        item.refresh_from_db()
        assert item.moderation == "hidden"
        seen = re.search(r'name="seen" value="([^"]+)"', page)
        assert seen
        # Knowing that, the decision can be made.
        assert staff.post(QUEUE, {**mine, "seen": seen[1]}).status_code == 302
        item.refresh_from_db()
        assert item.moderation == "removed"

    def test_a_dismissal_is_a_decision_too(
        self, staff: Client, make_user: UserFactory, item: GalleryItem, reported: GalleryReport
    ) -> None:
        mine = decision(item)
        services.dismiss(item, moderator=in_group(make_user, "moderation", "grace"), reason="Unfounded.")
        answer = staff.post(QUEUE, mine)
        assert answer.status_code == 409
        assert "the reports are dismissed (Unfounded.)" in answer.content.decode()

    @pytest.mark.parametrize("asked", ["0", "999999", "x", "-1", "9" * 40, "١"])
    def test_what_is_not_there(self, staff: Client, asked: str) -> None:
        assert staff.get(QUEUE, {"item": asked}).status_code == 404
        assert staff.post(QUEUE, {"item": asked, "decision": "hide", "reason": "x"}).status_code == 404

    @pytest.mark.parametrize("group", ["support", "finance", "operations"])
    def test_others_may_not(
        self, make_user: UserFactory, item: GalleryItem, reported: GalleryReport, group: str
    ) -> None:
        client = logged_in(in_group(make_user, group, "other"))
        assert client.get(QUEUE).status_code == 403
        assert client.post(QUEUE, decision(item)).status_code == 403
        assert client.post(ITEM.format(item.pk) + "act/hide/", {"reason": "x"}).status_code in (403, 404)
        client.post("/admin/gallery/galleryitem/", {
            "action": "moderate_hidden", "_selected_action": item.pk, "reason": "x", "confirmed": "1"
        })  # fmt: skip
        item.refresh_from_db()
        assert item.moderation == "visible"

    def test_without_a_token_of_the_page_nothing_is_decided(self, moderator: User, item: GalleryItem) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(moderator)
        assert client.post(QUEUE, decision(item)).status_code == 403

    def test_a_long_queue_takes_no_more_queries(
        self, staff: Client, publish: Publish, user: User, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(6):
            services.report(item=publish(title=f"Video {number}"), user=user, reason="spam")
        with django_assert_max_num_queries(20):
            assert staff.get(QUEUE).status_code == 200


class TestItemPage:
    def test_acts_are_offered_where_they_can_be_done(self, staff: Client, item: GalleryItem) -> None:
        page = staff.get(ITEM.format(item.pk)).content.decode()
        assert "act/hide/" in page
        assert "act/restore/" not in page
        assert "act/dismiss/" not in page

    def test_an_act(self, staff: Client, item: GalleryItem) -> None:
        url = ITEM.format(item.pk) + "act/hide/"
        assert staff.get(url).status_code == 200
        assert staff.post(url, {"reason": ""}).status_code == 422
        assert staff.post(url, {"reason": "Hate.", "seen": services.version_of(item)}).status_code == 302
        item.refresh_from_db()
        assert (item.moderation, item.moderation_note) == ("hidden", "Hate.")

    def test_an_old_page(self, staff: Client, moderator: User, item: GalleryItem) -> None:
        seen = services.version_of(item)
        services.moderate(item, to="hidden", moderator=moderator, note="First.")
        answer = staff.post(ITEM.format(item.pk) + "act/remove/", {"reason": "Second.", "seen": seen})
        assert answer.status_code == 409
        assert "ada has decided meanwhile" in answer.content.decode()
        assert "Second." in answer.content.decode()

    def test_an_action_of_the_list_needs_a_reason(self, staff: Client, item: GalleryItem) -> None:
        asked = {"action": "moderate_hidden", "_selected_action": item.pk, "confirmed": "1"}
        assert staff.post("/admin/gallery/galleryitem/", {**asked, "reason": " "}).status_code == 422
        item.refresh_from_db()
        assert item.moderation == "visible"
        staff.post("/admin/gallery/galleryitem/", {**asked, "reason": "Hate."})
        item.refresh_from_db()
        assert (item.moderation, item.moderation_note) == ("hidden", "Hate.")


class TestServices:
    def test_without_a_reason(self, moderator: User, item: GalleryItem, reported: GalleryReport) -> None:
        for act in (
            lambda: services.moderate(item, to="hidden", moderator=moderator, note=" "),
            lambda: services.dismiss(item, moderator=moderator, reason=""),
        ):
            with pytest.raises(ValidationFailed) as why:
                act()
            assert list(why.value.fields) == ["reason"]

    def test_twice(self, moderator: User, item: GalleryItem) -> None:
        services.moderate(item, to="hidden", moderator=moderator, note="Hate.")
        with pytest.raises(DomainError) as why:
            services.moderate(item, to="hidden", moderator=moderator, note="Hate.")
        assert (why.value.status, why.value.code) == (409, "already_moderated")
        with pytest.raises(DomainError) as why:
            services.dismiss(item, moderator=moderator, reason="x")
        assert (why.value.status, why.value.code) == (409, "no_open_reports")

    def test_a_report_that_comes_again_waits_again(self, moderator: User, reported: GalleryReport) -> None:
        services.dismiss(reported.item, moderator=moderator, reason="Unfounded.")
        services.report(item=reported.item, user=reported.user, reason="spam")
        reported.refresh_from_db()
        assert (reported.resolved_at, reported.outcome, reported.resolved_by) == (None, "", None)


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_decides(make_user: UserFactory, item: GalleryItem, user: User) -> None:
    services.report(item=item, user=user, reason="hate")
    moderators = [make_user(name=f"moderator {number}") for number in range(6)]
    seen, said = services.version_of(item), []

    def decide(moderator: User) -> None:
        try:
            services.moderate(
                GalleryItem.objects.get(pk=item.pk), to="removed", moderator=moderator, note="Hate.", seen=seen
            )
            said.append("done")
        except DomainError as error:
            said.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=(moderator,)) for moderator in moderators]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["decided_meanwhile"] * 5 + ["done"]
    assert AuditEntry.objects.filter(event="gallery_item_removed").count() == 1


class TestBan:
    def test_the_publisher_is_out_and_so_is_the_work(
        self, staff: Client, moderator: User, item: GalleryItem, publish: Publish, user: User
    ) -> None:
        other, hidden = publish(title="Other"), publish(title="Hidden before")
        services.moderate(hidden, to="hidden", moderator=moderator, note="Before.")
        report = services.report(item=item, user=user, reason="hate")
        assert staff.post(QUEUE, decision(item, "ban", "Again and again.")).status_code == 302
        for row in (item, other, hidden, report, item.owner):
            row.refresh_from_db()
        assert (item.moderation, other.moderation, hidden.moderation) == ("removed", "hidden", "hidden")
        assert (other.moderation_note, hidden.moderation_note) == ("Again and again.", "Before.")
        assert item.owner.is_active is False
        assert report.outcome == "removed"
        entries = AuditEntry.objects.filter(subject=item.owner, detail__reason="Again and again.")
        assert entries.filter(event="gallery_item_removed", detail__hidden=1).count() == 1
        assert entries.exclude(event="gallery_item_removed").count() == 1

    def test_nobody_of_the_staff_is_banned(
        self, staff: Client, make_user: UserFactory, publish: Publish, user: User
    ) -> None:
        chief = make_user(name="chief", role=User.Role.ADMINISTRATOR)
        item = publish(owner=chief)
        answer = staff.post(QUEUE, decision(item, "ban"))
        assert answer.status_code in (403, 409, 422)
        assert "Hate." in answer.content.decode()
        item.refresh_from_db()
        chief.refresh_from_db()
        assert (item.moderation, chief.is_active) == ("visible", True)
