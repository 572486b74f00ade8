"""A page of a long list reads as little as a page of a short one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from messaging.models import Chat, Message
from tests.plans import rows_read

pytestmark = pytest.mark.django_db

ROWS = 20_000
CHATS = 5_000
"""Fewer: each needs a person."""
PAGE = 50


def _rows_read(sql: str) -> int:
    """Rows that the nodes of the executed plan which touch tables produced or threw away."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        plan = cursor.fetchone()[0]
    plan = json.loads(plan) if isinstance(plan, str) else plan

    def touched(node: dict[str, Any]) -> float:
        own = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) if "Relation Name" in node else 0
        return own * node["Actual Loops"] + sum(touched(child) for child in node.get("Plans", []))

    return round(touched(plan[0]["Plan"]))


def page_query(client: APIClient, path: str, table: str, **query: Any) -> tuple[dict[str, Any], str]:
    """The answer and the statement that read the page (the last one on the table)."""
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(path, {"perPage": PAGE, **query})
    statements = [entry["sql"] for entry in asked if f'FROM "{table}"' in entry["sql"] and "LIMIT" in entry["sql"]]
    return answer.json()["data"], statements[-1]


@pytest.fixture
def long_chat(chat: Chat, alice: User, bob: User) -> Chat:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO messaging_message (chat_id, author_id, recipient_id, text, created_at)"
            " SELECT %s, %s, %s, n::text, now() FROM generate_series(1, %s) n",
            [chat.pk, alice.pk, bob.pk, ROWS],
        )
        cursor.execute("ANALYZE messaging_message")
    return chat


@pytest.fixture
def many_chats(bob: User) -> None:
    friends = User.objects.bulk_create(
        User(email=f"friend{number}@example.com", name=f"Friend {number}", tenant_id=bob.tenant_id, password="!")
        for number in range(1, CHATS + 1)
    )
    assert friends[0].pk > bob.pk
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH chats AS (INSERT INTO messaging_chat (first_id, second_id, created_at)"
            " SELECT %s, id, now() FROM accounts_user WHERE name LIKE 'Friend %%' ORDER BY id RETURNING id, second_id)"
            " INSERT INTO messaging_chatmember (chat_id, user_id, peer_id, unread, read_up_to, peer_read_up_to,"
            " active_at) SELECT id, %s, second_id, 0, 0, 0, now() - second_id * interval '1 second' FROM chats",
            [bob.pk, bob.pk],
        )
        cursor.execute("ANALYZE accounts_user; ANALYZE messaging_chat; ANALYZE messaging_chatmember")


def test_a_long_history(as_bob: APIClient, long_chat: Chat) -> None:
    path = f"/api/messages/get-messages-by-chat-id/{long_chat.pk}"
    first, newest = page_query(as_bob, path, "messaging_message")
    assert (len(first["items"]), first["totalItems"]) == (PAGE, ROWS)
    assert first["items"][0]["message"] == str(ROWS)
    # The page, the row after it, and the author of each.
    assert _rows_read(newest) <= 3 * (PAGE + 1)
    cursor = first["nextCursor"]
    for _ in range(3):
        page, deep = page_query(as_bob, path, "messaging_message", cursor=cursor)
        cursor = page["nextCursor"]
    assert page["items"][-1]["message"] == str(ROWS - 4 * PAGE + 1)
    assert _rows_read(deep) <= 3 * (PAGE + 1)


def test_polling_a_long_history(as_bob: APIClient, long_chat: Chat) -> None:
    with CaptureQueriesContext(connection) as asked:
        after = Message.objects.order_by("-id")[3].pk
        answer = as_bob.get(f"/api/messages/updates?after={after}").json()["data"]
    assert [item["message"] for item in answer["items"]] == [str(ROWS - 2), str(ROWS - 1), str(ROWS)]
    statements = [entry["sql"] for entry in asked if "FROM" in entry["sql"] and "messaging_message" in entry["sql"]]
    assert max(_rows_read(sql) for sql in statements if sql.startswith("SELECT")) <= 20


def test_many_chats(as_bob: APIClient, many_chats: None, bob: User) -> None:
    path = "/api/chats/get-chats-by-current-user"
    page, newest = page_query(as_bob, path, "messaging_chatmember")
    assert (len(page["items"]), page["totalItems"]) == (PAGE, CHATS)
    assert page["items"][0]["recipientUser"]["login"] == "Friend 1"
    assert _rows_read(newest) <= 4 * (PAGE + 1)
    page, deep = page_query(as_bob, path, "messaging_chatmember", cursor=page["nextCursor"])
    assert page["items"][0]["recipientUser"]["login"] == f"Friend {PAGE + 1}"
    assert _rows_read(deep) <= 4 * (PAGE + 1)


def test_counting_many_chats(as_bob: APIClient, many_chats: None) -> None:
    path = "/api/chats/get-chats-by-current-user"
    with CaptureQueriesContext(connection) as asked:
        assert as_bob.get(path).json()["data"]["totalItems"] == CHATS
    counts = [entry["sql"] for entry in asked if "COUNT(" in entry["sql"]]
    # Whether there are many, then how many; of no other table.
    assert len(counts) == 2
    assert "LIMIT 1000" in counts[0]
    assert not any("JOIN" in count for count in counts)
    assert _rows_read(counts[0]) <= 1000
    with CaptureQueriesContext(connection) as asked:
        assert as_bob.get(path).json()["data"]["totalItems"] == CHATS
    # Far more than a thousand of a minute ago are still many.
    assert not [entry["sql"] for entry in asked if "COUNT(" in entry["sql"]]


def test_searching_a_long_history(as_bob: APIClient, long_chat: Chat) -> None:
    path = f"/api/messages/get-messages-by-chat-id/{long_chat.pk}"
    # Of 20,000 numbers, 1234 begins itself and nothing else below 12,340 does.
    with CaptureQueriesContext(connection) as asked:
        found = as_bob.get(path, {"search": "1234"}).json()["data"]
    texts = ["12349", "12348", "12347", "12346", "12345", "12344", "12343", "12342", "12341", "12340", "1234"]
    assert [item["message"] for item in found["items"]] == texts
    assert found["totalItems"] == len(texts)
    assert max(rows_read(asked).values()) <= 10 * len(texts)
    # Too many to be looked up first.
    page = as_bob.get(path, {"search": "1", "perPage": PAGE}).json()["data"]
    assert [item["message"] for item in page["items"][:2]] == ["19999", "19998"]
    assert (len(page["items"]), page["totalItems"]) == (PAGE, 11_111)
    nothing = as_bob.get(path, {"search": "?!"}).json()["data"]
    assert (nothing["items"], nothing["totalItems"]) == ([], 0)
