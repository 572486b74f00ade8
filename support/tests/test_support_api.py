"""Support requests over HTTP: who may file, see, answer, close and find what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from commerce.models import Order
from studio.models import MediaFile, Video
from studio.services.files.store import store_file
from support import services
from support.models import SupportMessage, SupportRequest
from tenants.scope import all_tenants, tenant_scope
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

SCRIPT = "<img src=x onerror=alert(1)>"
OPEN, CLOSED, UNREAD, READ = 1, 2, 3, 4


def state() -> list[Any]:
    """Everything that a refused action must leave as it was."""
    return [list(model.objects.order_by("pk").values()) for model in (SupportRequest, SupportMessage)]


def reply(client: APIClient, ticket: SupportRequest, text: str = "And?", **fields: Any) -> Any:
    body = {"supportRequestId": ticket.pk, "text": text, **fields}
    return client.post("/api/send-support-request-message", body, format="json")


def set_status(client: APIClient, ticket: SupportRequest, status: Any) -> Any:
    body = {"requestId": ticket.pk, "requestStatusId": status}
    return client.patch("/api/support-request/status-update", body, format="json")


def found(client: APIClient, path: str = "/api/support-requests", **criteria: Any) -> list[int]:
    answer = client.post(path, criteria, format="json")
    assert answer.status_code == 200, answer.json()
    return [row["id"] for row in answer.json()["data"]["items"]]


def status_of(ticket: SupportRequest) -> int:
    return SupportRequest.objects.values_list("status", flat=True).get(pk=ticket.pk)


def make_order(customer: User) -> Order:
    return Order.objects.create(
        customer=customer, payment_method="cash", products_cost=1, total_cost=1, currency="USD", credits=1
    )


def test_a_request_as_documented(as_author: APIClient, author: User) -> None:
    order = make_order(author)
    body = {"text": SCRIPT, "subject": 4, "login": "Somebody", "email": "else@example.com", "orderId": order.pk}
    answer = as_author.post("/api/support-request", body, format="json")
    filed = SupportRequest.objects.get()
    data = answer.json()["data"]
    assert answer.status_code == 201
    assert data == {
        "id": filed.pk,
        "authorId": author.pk,
        # A user files under their own name, whatever the body says.
        "login": "author",
        "email": "author@example.com",
        "subject": {"id": 4, "label": "Orders"},
        "status": {"id": 1, "label": "Open"},
        "order_id": order.pk,
        "videoId": None,
        "createdAt": data["createdAt"],
        "updatedAt": data["updatedAt"],
    }
    assert as_author.get(f"/api/support-request/{filed.pk}").json()["data"] == data
    (message,) = as_author.get(f"/api/support-request-messages/{filed.pk}").json()["data"]["items"]
    assert message == {
        "id": SupportMessage.objects.get().pk,
        "supportRequestId": filed.pk,
        "text": SCRIPT,
        "fromStaff": False,
        "author": {"id": author.pk, "login": "author"},
        "attachments": [],
        "createdAt": message["createdAt"],
    }


def test_video_and_attachments(
    as_author: APIClient, as_staff: APIClient, as_stranger: APIClient, author: User, media_dir: Path
) -> None:
    with tenant_scope(author.tenant_id):
        video = Video.objects.create(owner=author, type="vid2vid")
        file = store_file(path=media_dir / "picture.png", owner=author, kind=MediaFile.Kind.SOURCE)
    body = {"text": "Look", "videoId": video.pk, "attachmentIds": [file.pk, file.pk]}
    filed = as_author.post("/api/support-request", body, format="json").json()["data"]
    assert filed["videoId"] == video.pk
    path = f"/api/support-request-messages/{filed['id']}"
    for client in (as_author, as_staff):
        (attachment,) = client.get(path).json()["data"]["items"][0]["attachments"]
        assert (attachment["id"], attachment["name"], attachment["mimeType"]) == (file.pk, "picture.png", "image/png")
        assert client.get(attachment["url"]).status_code == 200

    for stolen in ({"videoId": video.pk}, {"attachmentIds": [file.pk]}):
        answer = as_stranger.post("/api/support-request", {"text": "Mine", **stolen}, format="json")
        assert answer.status_code == 404
    assert SupportRequest.objects.count() == 1


def test_an_order_of_another_does_not_exist(as_stranger: APIClient, author: User) -> None:
    body = {"text": "Mine", "orderId": make_order(author).pk}
    assert as_stranger.post("/api/support-request", body, format="json").status_code == 404
    assert state() == [[], []]


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "text"), ({"text": " \n "}, "text"), ({"text": "\u200b"}, "text"), ({"text": "a" * 100_000}, "text"),
     ({"text": "a", "subject": 13}, "subject"), ({"text": "a", "subject": -1}, "subject"),
     ({"text": "a", "orderId": "x"}, "orderId"), ({"text": "a", "attachmentIds": list(range(1, 7))}, "attachmentIds")],
)  # fmt: skip
def test_what_is_no_request(as_author: APIClient, body: dict, field: str) -> None:
    answer = as_author.post("/api/support-request", body, format="json")
    assert answer.status_code == 422
    assert field in answer.json()["data"]
    assert state() == [[], []]


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "email"), ({"email": "nonsense"}, "email"), ({"email": "studio@studio.localhost"}, "email"),
     ({"email": "Help@Studio.example"}, "email"), ({"email": "a@example.com", "orderId": 1}, "orderId"),
     ({"email": "a@example.com", "videoId": 1}, "videoId"),
     ({"email": "a@example.com", "attachmentIds": [1]}, "attachmentIds")],
)  # fmt: skip
def test_what_is_no_anonymous_request(anonymous: APIClient, settings: Any, body: dict, field: str) -> None:
    settings.SUPPORT_EMAIL = "help@studio.example"
    answer = anonymous.post("/api/support-request", {"text": "Hello", **body}, format="json")
    assert (answer.status_code, list(answer.json()["data"])) == (422, [field])
    assert state() == [[], []]


def test_an_address_files_so_many_an_hour(anonymous: APIClient) -> None:
    body = {"text": "Hello", "email": "robot@example.com"}
    answers = [anonymous.post("/api/support-request", body, format="json") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [201] * 5 + [429]
    assert answers[-1]["Retry-After"]
    assert SupportRequest.objects.count() == 5
    # Only the mailed link leads to it.
    assert answers[0].json()["data"]["authorId"] is None
    assert anonymous.get(f"/api/support-request/{answers[0].json()['data']['id']}").status_code == 401


def test_filing_is_throttled(anonymous: APIClient, settings: Any) -> None:
    settings.THROTTLES = {"api": "100/min", "support": "2/day"}
    bodies = [{"text": "Hello", "email": "one@example.com"}] * 3
    codes = [anonymous.post("/api/support-request", body, format="json").status_code for body in bodies]
    assert codes == [201, 201, 429]
    assert SupportRequest.objects.count() == 2


def test_a_talk_and_its_statuses(as_author: APIClient, as_staff: APIClient, ticket: SupportRequest) -> None:
    assert status_of(ticket) == OPEN
    answer = reply(as_staff, ticket, "It is rendering.")
    assert (answer.status_code, answer.json()["data"]["fromStaff"]) == (201, True)
    assert status_of(ticket) == READ
    first = SupportRequest.objects.get().first_response_at
    assert first is not None
    assert reply(as_author, ticket, "Thanks").json()["data"]["fromStaff"] is False
    assert status_of(ticket) == UNREAD
    reply(as_staff, ticket, "Done.")
    assert SupportRequest.objects.get().first_response_at == first
    texts = [row["text"] for row in as_author.get(f"/api/support-request-messages/{ticket.pk}").json()["data"]["items"]]
    assert texts == ["Where is my video?", "It is rendering.", "Thanks", "Done."]


def test_a_closed_request_opens_by_its_author_alone(
    as_author: APIClient, as_staff: APIClient, ticket: SupportRequest
) -> None:
    assert set_status(as_author, ticket, CLOSED).json()["data"]["status"] == {"id": 2, "label": "Closed"}
    before = state()
    answer = reply(as_staff, ticket)
    assert (answer.status_code, answer.json()["code"]) == (422, "request_closed")
    assert state() == before
    assert reply(as_author, ticket, "Not yet").status_code == 201
    assert status_of(ticket) == OPEN


def test_closing_twice_is_refused(as_author: APIClient, as_staff: APIClient, ticket: SupportRequest) -> None:
    assert set_status(as_staff, ticket, CLOSED).status_code == 200
    before = state()
    for client in (as_author, as_staff):
        answer = set_status(client, ticket, CLOSED)
        assert (answer.status_code, answer.json()["code"]) == (422, "already_closed")
    assert state() == before


ALLOWED = {(OPEN, UNREAD), (OPEN, READ), (OPEN, CLOSED), (UNREAD, OPEN), (UNREAD, READ), (UNREAD, CLOSED),
           (READ, OPEN), (READ, UNREAD), (READ, CLOSED), (CLOSED, OPEN)}  # fmt: skip


@pytest.mark.parametrize("before", [OPEN, CLOSED, UNREAD, READ])
@pytest.mark.parametrize("after", [OPEN, CLOSED, UNREAD, READ])
def test_who_may_set_which_status(
    as_author: APIClient, as_staff: APIClient, ticket: SupportRequest, before: int, after: int
) -> None:
    SupportRequest.objects.update(status=before)
    closes = after == CLOSED and before != CLOSED
    expected = 200 if closes else 422 if before == after == CLOSED else 403
    assert set_status(as_author, ticket, after).status_code == expected
    assert status_of(ticket) == (after if closes else before)
    SupportRequest.objects.update(status=before)
    expected = 200 if (before, after) in ALLOWED else 422
    assert set_status(as_staff, ticket, after).status_code == expected
    assert status_of(ticket) == (after if expected == 200 else before)


@pytest.mark.parametrize("status", [0, 5, "open", None, [1]])
def test_an_unknown_status_is_refused(as_staff: APIClient, ticket: SupportRequest, status: Any) -> None:
    before = state()
    answer = set_status(as_staff, ticket, status)
    assert (answer.status_code, list(answer.json()["data"])) == (422, ["requestStatusId"])
    assert state() == before


def test_strangers_see_and_do_nothing(as_stranger: APIClient, anonymous: APIClient, ticket: SupportRequest) -> None:
    def attempts(client: APIClient) -> list[int]:
        return [
            client.get(f"/api/support-request/{ticket.pk}").status_code,
            client.get(f"/api/support-request-messages/{ticket.pk}").status_code,
            reply(client, ticket).status_code,
            set_status(client, ticket, CLOSED).status_code,
        ]

    before = state()
    assert attempts(as_stranger) == [404] * 4
    assert attempts(anonymous) == [401] * 4
    assert found(as_stranger, userId=ticket.author_id) == []
    assert anonymous.post("/api/support-requests").status_code == 401
    for client, status in ((as_stranger, 403), (anonymous, 401)):
        assert client.post("/api/administration/support-requests").status_code == status
    assert state() == before


def test_notes_stay_with_staff(as_author: APIClient, staff: User, ticket: SupportRequest) -> None:
    services.add_note(staff=staff, request=ticket, text="Difficult customer")
    page = as_author.get(f"/api/support-request-messages/{ticket.pk}").json()["data"]
    assert [row["text"] for row in page["items"]] == ["Where is my video?"]
    assert page["totalItems"] == 1
    assert status_of(ticket) == OPEN


def test_search(as_author: APIClient, as_staff: APIClient, author: User, staff: User, make_user: UserFactory) -> None:
    def filed(user: User, day: str, status: int = OPEN) -> int:
        request = services.file_request(user=user, text="Hello", subject=1, about={})
        SupportRequest.objects.filter(pk=request.pk).update(created_at=f"{day}T12:00Z", status=status)
        return request.pk

    old, new = filed(author, "2026-01-10"), filed(author, "2026-02-20", CLOSED)
    other = filed(make_user(name="other"), "2026-02-20")
    assert found(as_author) == [new, old]
    assert found(as_author, statusId=CLOSED) == [new]
    assert found(as_author, id=old) == [old]
    assert found(as_author, id=other) == []
    assert found(as_author, startDate="2026-01-10", endDate="2026-01-10") == [old]
    assert found(as_author, startDate="2026-01-11") == [new]
    # Whose, only staff may ask.
    assert found(as_author, userId=other) == [new, old]
    assert found(as_author, page=2, perPage=1) == [old]
    every = "/api/administration/support-requests"
    assert found(as_staff, every) == [other, new, old]
    assert found(as_staff, every, userId=author.pk, statusId=str(OPEN)) == [old]
    assert found(as_staff, every, search="OTHER@") == [other]
    assert found(as_staff, every + "?status:in=2&order=created_at:asc") == [new]
    services.assign(request=SupportRequest.objects.get(pk=old), assignee=staff)
    (row,) = as_staff.post(every, {"assigneeId": staff.pk}, format="json").json()["data"]["items"]
    assert (row["id"], row["assignee"]) == (old, {"id": staff.pk, "login": "operator"})
    assert row["firstResponseSeconds"] is None


@pytest.mark.parametrize(
    "criteria",
    [{"statusId": 9}, {"statusId": "x"}, {"startDate": "yesterday"}, {"endDate": "2026-02-30"}, {"id": True},
     {"id": [1]}, {"perPage": 0}, {"page": "x"}, {"order": "text:asc"}],
)  # fmt: skip
def test_bad_criteria_name_themselves(as_staff: APIClient, as_author: APIClient, criteria: dict) -> None:
    for client, path in ((as_author, "/api/support-requests"), (as_staff, "/api/administration/support-requests")):
        answer = client.post(path, criteria, format="json")
        assert (answer.status_code, list(answer.json()["data"])) == (422, list(criteria))


def test_only_staff_are_assigned(author: User, ticket: SupportRequest) -> None:
    with pytest.raises(Exception, match="Only staff"):
        services.assign(request=ticket, assignee=author)
    assert SupportRequest.objects.get().assignee is None


def test_a_flood_in_one_request_ends(as_author: APIClient, author: User, ticket: SupportRequest) -> None:
    rows = [SupportMessage(request=ticket, kind="question", author=author, text="x") for _ in range(29)]
    SupportMessage.objects.bulk_create(rows)
    before = state()
    assert reply(as_author, ticket).status_code == 429
    assert state() == before


@pytest.mark.parametrize("path", ["/api/support-request-messages/{}", "/api/support-requests",
                                  "/api/administration/support-requests"])  # fmt: skip
def test_queries_do_not_grow_with_the_page(as_staff: APIClient, staff: User, media_dir: Path, path: str) -> None:
    with tenant_scope(staff.tenant_id):
        file = store_file(path=media_dir / "picture.png", owner=staff, kind=MediaFile.Kind.SOURCE)
        first = services.file_request(user=staff, text="Mine", subject=0, about={})

    def more(count: int) -> None:
        with all_tenants():
            for _ in range(count):
                services.ask(request=first, text="Hi", files=[file])
                services.assign(
                    request=services.file_request(user=staff, text="Hi", subject=0, about={}), assignee=staff
                )

    def queries() -> int:
        method = as_staff.get if "{}" in path else as_staff.post
        with CaptureQueriesContext(connection) as asked:
            assert method(path.format(first.pk)).status_code == 200
        return len(asked)

    more(2)
    queries()
    few = queries()
    more(6)
    assert queries() == few
