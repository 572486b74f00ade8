"""A user with a request, a member of the staff, and a stranger.

pytest reads this file before Django is set up, so its fixtures import what they need themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from rest_framework.test import APIClient

from accounts.tests.conftest import mailbox

if TYPE_CHECKING:
    from accounts.models import User
    from support.models import SupportRequest
    from tests.fixtures import UserFactory

__all__ = ["mailbox"]


@pytest.fixture
def author(make_user: UserFactory) -> User:
    return make_user(name="author")


@pytest.fixture
def staff(make_user: UserFactory) -> User:
    return make_user(name="operator", role=1)


@pytest.fixture
def as_author(author: User, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(author)


@pytest.fixture
def as_staff(staff: User, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(staff)


@pytest.fixture
def as_stranger(make_user: UserFactory, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(make_user(name="stranger"))


@pytest.fixture
def ticket(author: User) -> SupportRequest:
    from support.services import file_request

    return file_request(user=author, text="Where is my video?", subject=8, about={})
