"""Fixtures of the whole project: people and their API clients."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.services import Device, open_session
from tenants.services import create_tenant

PASSWORD = "correct horse battery"

UserFactory = Callable[..., User]


@pytest.fixture
def make_user(db: None) -> UserFactory:
    """Makes users: each in a tenant of their own, unless ``tenant=`` says otherwise."""
    number = itertools.count(1)

    def make(**fields: Any) -> User:
        name = fields.pop("name", f"person{next(number)}")
        tenant = fields.pop("tenant", None) or create_tenant(name=name)
        fields.setdefault("email", f"{name}@example.com")
        return User.objects.create_user(password=PASSWORD, name=name, tenant=tenant, **fields)

    return make


@pytest.fixture
def client_of() -> Callable[[User], APIClient]:
    """An API client that carries a fresh access token of the user."""

    def client(user: User) -> APIClient:
        api = APIClient()
        api.credentials(HTTP_AUTHORIZATION=f"Bearer {open_session(user=user, device=Device()).access}")
        return api

    return client


@pytest.fixture
def user(make_user: UserFactory) -> User:
    return make_user()


@pytest.fixture
def api(user: User, client_of: Callable[[User], APIClient]) -> APIClient:
    """The client of ``user``."""
    return client_of(user)


@pytest.fixture
def anonymous() -> APIClient:
    return APIClient()
