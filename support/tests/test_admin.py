"""The staff's page of a request: the customer beside it, nothing typed is lost, everything is written down."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, User
from config.api.errors import DomainError, Forbidden
from support import services
from support.models import CannedAnswer, SupportMessage, SupportRequest
from support.services.customers import customer_of
from support.services.times import response_times
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/support/supportrequest/"
CANNED = "/admin/support/cannedanswer/"


@pytest.fixture
def agent(make_user: UserFactory) -> User:
    return in_group(make_user, "support", "ada")


@pytest.fixture
def desk(agent: User) -> Client:
    return logged_in(agent)


def in_group(make_user: UserFactory, group: str, name: str) -> User:
    user = make_user(name=name)
    user.groups.add(Group.objects.get(name=group))
    return user


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page_of(ticket: SupportRequest) -> str:
    return f"{LIST}{ticket.pk}/change/"


def shown(ticket: SupportRequest, **typed: Any) -> dict[str, Any]:
    """What the page sends when it was loaded now and this was typed."""
    ticket.refresh_from_db()
    values = {"assignee": ticket.assignee_id or "", "status": ticket.status, "seen": services.version_of(ticket)}
    return {**values, **typed}


def test_a_member_of_the_support_group_does_all_of_it(desk: Client, agent: User, ticket: SupportRequest) -> None:
    canned = CannedAnswer.objects.create(title="Hello", text="Thank you for writing.")
    typed = {"canned": canned.pk, "answer": "Try again.", "note": "Third time.", "assignee": agent.pk}
    assert desk.post(page_of(ticket), shown(ticket, **typed)).status_code == 302
    ticket.refresh_from_db()
    assert (ticket.assignee, ticket.status) == (agent, SupportRequest.Status.READ)
    kinds = {message.kind: message.text for message in SupportMessage.objects.all()}
    assert kinds["answer"] == "Thank you for writing.\n\nTry again."
    assert kinds["note"] == "Third time."
    assert desk.post(page_of(ticket), shown(ticket, status=SupportRequest.Status.CLOSED)).status_code == 302
    ticket.refresh_from_db()
    assert ticket.closed_at is not None
    events = {entry.event: entry for entry in AuditEntry.objects.filter(event__startswith="support_")}
    assert set(events) == {"support_assigned", "support_noted", "support_answered", "support_status_changed"}
    assert all((entry.actor, entry.subject) == (agent, ticket.author) for entry in events.values())
    assert events["support_assigned"].detail == {"request_id": ticket.pk, "before": None, "after": agent.pk}
    assert events["support_status_changed"].detail["before"] == "read"
    assert events["support_status_changed"].detail["after"] == "closed"


def test_an_answer_that_crosses_another_is_kept_and_not_sent(
    desk: Client, make_user: UserFactory, ticket: SupportRequest
) -> None:
    mine = shown(ticket, answer="Typed at length.", note="And this.")
    services.answer(staff=in_group(make_user, "support", "grace"), request=ticket, text="I was faster.")
    answer = desk.post(page_of(ticket), mine)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "grace has written meanwhile" in page
    for text in ("I was faster.", "Typed at length.", "And this."):
        assert text in page
    assert SupportMessage.objects.count() == 2
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    assert seen
    again = desk.post(page_of(ticket), shown(ticket, answer="Typed at length.", seen=seen[1]))
    assert again.status_code == 302
    assert SupportMessage.objects.filter(kind="answer").count() == 2


def test_an_old_page_takes_nothing_from_a_colleague(
    desk: Client, make_user: UserFactory, ticket: SupportRequest
) -> None:
    mine = shown(ticket, note="For later.")
    grace = in_group(make_user, "support", "grace")
    services.assign(request=ticket, assignee=grace, by=grace)
    answer = desk.post(page_of(ticket), mine)
    assert answer.status_code == 409
    assert "assigned to grace" in answer.content.decode()
    ticket.refresh_from_db()
    assert ticket.assignee == grace


def test_closed_meanwhile(desk: Client, staff: User, ticket: SupportRequest) -> None:
    mine = shown(ticket, answer="Typed at length.")
    services.set_status(user=staff, request_id=ticket.pk, status=SupportRequest.Status.CLOSED)
    answer = desk.post(page_of(ticket), mine)
    assert answer.status_code == 409
    assert "Typed at length." in answer.content.decode()
    assert not SupportMessage.objects.filter(kind="answer").exists()


def test_either_all_of_it_or_none(desk: Client, ticket: SupportRequest) -> None:
    SupportRequest.objects.update(status=SupportRequest.Status.CLOSED)
    answer = desk.post(page_of(ticket), shown(ticket, answer="Too late.", note="A note."))
    assert "set it to open to answer" in answer.content.decode()
    assert "A note." in answer.content.decode()
    assert SupportMessage.objects.count() == 1


def test_the_customer_is_shown_beside_it_as_text(desk: Client, ticket: SupportRequest, author: User) -> None:
    author.name = "<script>broken()</script>"
    author.save()
    other = services.file_request(user=author, text="<b>And this?</b>", subject=3, about={})
    page = desk.get(page_of(ticket)).content.decode()
    assert "support-customer" in page
    assert f"#{other.pk}" in page
    assert "<script>broken" not in page
    talk = desk.get(page_of(other)).content.decode()
    assert "&lt;b&gt;And this?" in talk
    assert customer_of(ticket)["requests"] == [other]


def test_who_has_no_account_is_known_by_the_address(make_user: UserFactory, desk: Client) -> None:
    first, second = (
        services.file_anonymous_request(text="Hi", subject=0, login="Sam", email="sam@example.com") for _ in range(2)
    )
    assert customer_of(second)["requests"] == [first]
    assert customer_of(second)["user"] is None
    assert desk.get(page_of(second)).status_code == 200


def test_the_customer_takes_no_more_queries_with_more_rows(
    desk: Client, ticket: SupportRequest, author: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(8):
        services.file_request(user=author, text="Hi", subject=0, about={})
    with django_assert_max_num_queries(45):
        assert desk.get(page_of(ticket)).status_code == 200
    with django_assert_max_num_queries(7):
        customer_of(ticket)


def test_times_are_columns_and_averages(desk: Client, staff: User, author: User, ticket: SupportRequest) -> None:
    filed = timezone.now() - timedelta(hours=4)
    SupportRequest.objects.update(
        created_at=filed, first_response_at=filed + timedelta(hours=1), closed_at=filed + timedelta(hours=3), status=2
    )
    services.file_request(user=author, text="Another", subject=0, about={})
    times = response_times()
    assert (times["requests"], times["answered"], times["closed"]) == (2, 1, 1)
    assert (times["first_response"], times["resolution"]) == (timedelta(hours=1), timedelta(hours=3))
    page = desk.get(LIST).content.decode()
    assert "60 min 0 s" in page
    assert "3.0 h" in page
    assert "1 of 2 answered" in page


def test_a_reopened_request_is_not_resolved(staff: User, ticket: SupportRequest) -> None:
    services.set_status(user=staff, request_id=ticket.pk, status=SupportRequest.Status.CLOSED)
    ticket.refresh_from_db()
    assert ticket.resolution_time is not None
    services.ask(request=ticket, text="Still broken")
    ticket.refresh_from_db()
    assert (ticket.closed_at, ticket.resolution_time) == (None, None)


def test_only_who_may_support_is_assigned(make_user: UserFactory, agent: User, ticket: SupportRequest) -> None:
    services.assign(request=ticket, assignee=agent)
    for group in ("finance", "moderation", "operations"):
        with pytest.raises(DomainError):
            services.assign(request=ticket, assignee=in_group(make_user, group, f"of {group}"))
    assert agent in services.staff()
    assert {user.name for user in services.staff()} == {"ada"}


@pytest.mark.parametrize("group", ["finance", "moderation", "operations"])
def test_others_of_the_staff_may_not(make_user: UserFactory, ticket: SupportRequest, group: str) -> None:
    other = in_group(make_user, group, "other")
    client = logged_in(other)
    for path in (LIST, page_of(ticket), CANNED, f"{CANNED}add/"):
        assert client.get(path).status_code == 403
    assert client.post(page_of(ticket), shown(ticket, answer="x")).status_code == 403
    client.post(LIST, {"action": "close", "_selected_action": ticket.pk})
    ticket.refresh_from_db()
    assert ticket.status == SupportRequest.Status.OPEN
    with pytest.raises((Forbidden, DomainError)):
        services.set_status(user=other, request_id=ticket.pk, status=SupportRequest.Status.CLOSED)


def test_canned_answers_are_kept_with_their_history(desk: Client, agent: User) -> None:
    page = {"title": "Hello", "text": "<b>Thank you</b>", "enabled": "on"}
    assert desk.post(f"{CANNED}add/", page).status_code == 302
    row = CannedAnswer.objects.get()
    assert desk.post(f"{CANNED}{row.pk}/change/", {**page, "text": "Thanks"}).status_code == 302
    added, changed = AuditEntry.objects.filter(event="canned_answer_changed").order_by("pk")
    assert (added.actor, added.detail["before"]) == (agent, None)
    assert (changed.detail["before"]["text"], changed.detail["after"]["text"]) == ("<b>Thank you</b>", "Thanks")
    taken = desk.post(f"{CANNED}add/", {**page, "text": "Typed at length."})
    assert "Typed at length." in taken.content.decode()
    assert CannedAnswer.objects.count() == 1
