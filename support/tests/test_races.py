"""Two at once in one request, and a list of many. The race's control does the same without the guard."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from commerce.tests.races import race_behind
from config.api.errors import DomainError
from support import services
from support.models import SupportMessage, SupportRequest

TICKET = "SELECT FROM support_supportrequest WHERE id = %s FOR UPDATE"
ROWS = 20_000


@pytest.mark.django_db(transaction=True)
def test_a_request_is_closed_once(author: User, staff: User, ticket: SupportRequest) -> None:
    closers = [
        lambda user=user: services.set_status(user=user, request_id=ticket.pk, status=2) for user in (author, staff)
    ]
    results = race_behind(TICKET, [ticket.pk], closers)
    assert sorted(type(result).__name__ for result in results) == ["DomainError", "SupportRequest"]
    assert [result.code for result in results if isinstance(result, DomainError)] == ["already_closed"]


@pytest.mark.django_db(transaction=True)
def test_control_looking_first_closes_twice(ticket: SupportRequest) -> None:
    def naive() -> bool:
        if SupportRequest.objects.get(pk=ticket.pk).status == SupportRequest.Status.CLOSED:
            return False
        SupportRequest.objects.filter(pk=ticket.pk).update(status=2)
        return True

    assert race_behind(TICKET, [ticket.pk], [naive, naive]) == [True, True]


@pytest.mark.django_db(transaction=True)
def test_a_message_never_ends_in_a_closed_request_unseen(author: User, staff: User, ticket: SupportRequest) -> None:
    results = race_behind(
        TICKET,
        [ticket.pk],
        [
            lambda: services.ask(request=ticket, text="Wait"),
            lambda: services.answer(staff=staff, request=ticket, text="Bye"),
            lambda: services.answer(staff=staff, request=ticket, text="Really"),
        ],
    )
    assert all(isinstance(result, SupportMessage) for result in results), results
    ticket.refresh_from_db()
    last = SupportMessage.objects.filter(request=ticket).last()
    assert ticket.status == (3 if last.kind == "question" else 4)
    answers = SupportMessage.objects.filter(request=ticket, kind="answer").order_by("id")
    assert ticket.first_response_at == answers[0].created_at


@pytest.mark.django_db
def test_a_page_of_many_requests_reads_only_itself(as_staff: APIClient, author: User) -> None:
    SupportRequest.objects.bulk_create(
        SupportRequest(author=author, email=author.email, status=1 + number % 4) for number in range(ROWS)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE support_supportrequest")
    cursor_of_page = None
    for criteria in ({}, {"statusId": 2}, {"userId": author.pk}):
        for _ in range(2):
            body = {**criteria, "perPage": 50, **({"cursor": cursor_of_page} if cursor_of_page else {})}
            with CaptureQueriesContext(connection) as asked:
                page = as_staff.post("/api/administration/support-requests", body, format="json").json()["data"]
            assert len(page["items"]) == 50
            cursor_of_page = page["nextCursor"]
            sql = [entry["sql"] for entry in asked if 'FROM "support_supportrequest"' in entry["sql"]][-1]
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT TEXT) {sql}")
                plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan on support_supportrequest" not in plan
            assert "Sort" not in plan, plan
            assert "rows=51 " in plan or "rows=51.00" in plan, plan
        cursor_of_page = None
