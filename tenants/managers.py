"""Tenant scoping: the manager that every tenant-owned model has by default."""

from __future__ import annotations

from typing import TypeVar

from django.db import models

from tenants import scope

M = TypeVar("M", bound=models.Model)


class TenantQuerySet(models.QuerySet[M]):
    """A queryset that gives new rows the tenant in scope."""

    def create(self, **kwargs: object) -> M:
        if "tenant" not in kwargs and "tenant_id" not in kwargs:
            current = scope.current()
            if not isinstance(current, int):
                raise scope.OutsideTenantScope("A tenant-owned row needs a tenant: a scope, or tenant=.")
            kwargs["tenant_id"] = current
        return super().create(**kwargs)


_ScopedManager = models.Manager.from_queryset(TenantQuerySet)


class TenantManager(_ScopedManager[M]):
    """Every query is for the tenant in scope; outside a scope even ``.exists()`` raises."""

    use_in_migrations = False
    includes_shared = False

    def get_queryset(self) -> models.QuerySet[M]:
        current = scope.current()
        if current is None:
            raise scope.OutsideTenantScope(f"{self.model.__name__} was queried outside a tenant scope.")
        queryset = super().get_queryset()
        if current == scope.ALL:
            return queryset
        mine = models.Q(tenant_id=current)
        return queryset.filter(mine | models.Q(tenant_id=None) if self.includes_shared else mine)


class SharedTenantManager(TenantManager[M]):
    """For tables that also hold rows of no tenant (built-in presets), which everyone reads."""

    includes_shared = True
