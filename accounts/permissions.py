"""Who may call what of accounts."""

from __future__ import annotations

from rest_framework.request import Request

from config.api.permissions import Authenticated


class TenantOwner(Authenticated):
    """Owners of their tenant."""

    def has_permission(self, request: Request, view: object) -> bool:
        return super().has_permission(request, view) and request.user.is_tenant_owner
