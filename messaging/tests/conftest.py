"""Two people who talk, and a stranger.

pytest reads this file before Django is set up, so its fixtures import what they need themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from rest_framework.test import APIClient

from accounts.tests.conftest import mailbox

if TYPE_CHECKING:
    from accounts.models import User
    from messaging.models import Chat
    from tests.fixtures import UserFactory

__all__ = ["mailbox"]

Send = Callable[..., dict[str, Any]]


@pytest.fixture
def alice(make_user: UserFactory) -> User:
    return make_user(name="alice")


@pytest.fixture
def bob(make_user: UserFactory) -> User:
    return make_user(name="bob")


@pytest.fixture
def mallory(make_user: UserFactory) -> User:
    return make_user(name="mallory")


@pytest.fixture
def as_alice(alice: User, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(alice)


@pytest.fixture
def as_bob(bob: User, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(bob)


@pytest.fixture
def as_mallory(mallory: User, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(mallory)


@pytest.fixture
def chat(alice: User, bob: User) -> Chat:
    from messaging.services import open_chat

    return open_chat(user=alice, recipient_id=bob.pk)


@pytest.fixture
def send(chat: Chat) -> Send:
    """Sends a message into the chat over the API and answers its row."""

    def send(client: APIClient, text: str = "Hello", **fields: Any) -> dict[str, Any]:
        answer = client.post("/api/messages", {"chatId": chat.pk, "message": text, **fields}, format="json")
        assert answer.status_code == 201, answer.json()
        return answer.json()["data"]

    return send
