"""Whose rows the current code may touch.

A scope is one tenant, or all of them for staff and system work. Outside any scope tenant-owned models can't be
queried: a forgotten scope is an error at once, never a leak. Scopes follow the thread or task (a context variable) and
PostgreSQL is told about them too (``tenants.postgresql``), so that row-level security refuses what the code forgets.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tenants.models import Tenant

ALL: Final = "*"

_scope: ContextVar[int | str | None] = ContextVar("tenant_scope", default=None)


class OutsideTenantScope(RuntimeError):
    """A tenant-owned model was used without saying for which tenant."""


def current() -> int | str | None:
    """The tenant id in scope, ``ALL``, or None outside any scope."""
    return _scope.get()


@contextmanager
def tenant_scope(tenant: Tenant | int) -> Iterator[None]:
    """Run the block for one tenant."""
    token = _scope.set(tenant if isinstance(tenant, int) else tenant.pk)
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def all_tenants() -> Iterator[None]:
    """Run the block over every tenant: staff views, the reaper, audits. Say why where you use it."""
    token = _scope.set(ALL)
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def request_scope() -> Iterator[None]:
    """Around one HTTP request: it starts outside any scope, and whatever it enters ends with it."""
    token = _scope.set(None)
    try:
        yield
    finally:
        _scope.reset(token)


def enter(scope: int | str) -> Token[int | str | None]:
    """Enter a scope for the rest of the request, once authentication has told whose it is."""
    return _scope.set(scope)
