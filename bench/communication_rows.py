"""Somebody who talks to everybody, written by the database itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from rest_framework.test import APIClient

from accounts.models import User
from messaging.services import open_chat
from support.models import SupportRequest
from tenants.scope import all_tenants
from tenants.services import create_tenant

Ask = Callable[[dict[str, Any]], dict[str, Any]]
"""Query to the data of a list's answer."""


@dataclass(frozen=True)
class Talk:
    """``hub`` has a chat with everybody, a long one with ``friend``, and files tickets, one with a long talk."""

    hub: User
    staff: User
    chat_id: int
    ticket_id: int

    @classmethod
    def begin(cls) -> Talk:
        tenant = create_tenant(name="bench")
        people = {"tenant": tenant, "password": None}
        hub = User.objects.create_user(email="hub@example.com", name="hub", **people)
        friend = User.objects.create_user(email="friend@example.com", name="friend", **people)
        staff = User.objects.create_user(
            email="staff@example.com", name="staff", role=User.Role.ADMINISTRATOR, **people
        )
        with all_tenants():
            chat = open_chat(user=hub, recipient_id=friend.pk)
            ticket = SupportRequest.objects.create(author=hub, login="hub", email=hub.email)
        return cls(hub, staff, chat.pk, ticket.pk)

    def fill(self, first: int, last: int) -> None:
        """Rows ``first`` to ``last`` of each table."""
        values = {
            "first": first, "last": last, "hub": self.hub.pk, "staff": self.staff.pk, "tenant": self.hub.tenant_id,
            "chat": self.chat_id, "ticket": self.ticket_id,
        }  # fmt: skip
        with connection.cursor() as cursor:
            for statement in (_PEOPLE, _CHATS, _MESSAGES, _NEWEST, _TICKETS, _TALK):
                cursor.execute(statement, values)
            for table in _TABLES:
                cursor.execute(f"VACUUM (ANALYZE) {table}")

    def lists(self) -> dict[str, Ask]:
        hub, staff = APIClient(SERVER_NAME="localhost"), APIClient(SERVER_NAME="localhost")
        hub.force_authenticate(self.hub)
        staff.force_authenticate(self.staff)
        return {
            "chats": _getting(hub, "/api/chats/get-chats-by-current-user"),
            "messages of a chat": _getting(hub, f"/api/messages/get-messages-by-chat-id/{self.chat_id}"),
            "own tickets": _posting(hub, "/api/support-requests"),
            "messages of a ticket": _getting(hub, f"/api/support-request-messages/{self.ticket_id}"),
            "all tickets, for staff": _posting(staff, "/api/administration/support-requests"),
        }


def _getting(client: APIClient, path: str) -> Ask:
    return lambda query: client.get(path, query).json()["data"]


def _posting(client: APIClient, path: str) -> Ask:
    return lambda query: client.post(path, query).json()["data"]


_TABLES = (
    "accounts_user", "messaging_chat", "messaging_chatmember", "messaging_message", "support_supportrequest",
    "support_supportmessage",
)  # fmt: skip
_PEOPLE = """
INSERT INTO accounts_user (email, name, first_name, last_name, role, tenant_id, tenant_role, is_active, password,
    created_at, updated_at)
SELECT 'person-' || n || '@example.com', 'Person ' || n, '', '', 0, %(tenant)s, 'owner', true, '!', now(), now()
FROM generate_series(%(first)s, %(last)s) AS n
"""
_CHATS = """
WITH chats AS (
    INSERT INTO messaging_chat (first_id, second_id, created_at)
    SELECT %(hub)s, person.id, now() FROM generate_series(%(first)s, %(last)s) AS n
    JOIN accounts_user AS person ON person.email = 'person-' || n || '@example.com'
    RETURNING id, second_id
)
INSERT INTO messaging_chatmember (chat_id, user_id, peer_id, unread, read_up_to, peer_read_up_to, active_at)
SELECT id, %(hub)s, second_id, 0, 0, 0, now() - second_id * interval '1 second' FROM chats
"""
_MESSAGES = """
INSERT INTO messaging_message (chat_id, author_id, recipient_id, text, created_at)
SELECT chat.id, chat.first_id, chat.second_id, 'Message ' || n, now() FROM generate_series(%(first)s, %(last)s) AS n
CROSS JOIN (SELECT * FROM messaging_chat WHERE id = %(chat)s) AS chat
"""
_NEWEST = """
UPDATE messaging_chatmember SET last_message_id = (SELECT max(id) FROM messaging_message) WHERE chat_id = %(chat)s
"""
_TICKETS = """
INSERT INTO support_supportrequest (author_id, login, email, subject, status, created_at, updated_at)
SELECT %(hub)s, 'hub', 'hub@example.com', n %% 12, 1 + n %% 4, now(), now()
FROM generate_series(%(first)s, %(last)s) AS n
"""
_TALK = """
INSERT INTO support_supportmessage (request_id, kind, author_id, text, created_at)
SELECT %(ticket)s, CASE n %% 2 WHEN 0 THEN 'question' ELSE 'answer' END, %(hub)s, 'Message ' || n, now()
FROM generate_series(%(first)s, %(last)s) AS n
"""
