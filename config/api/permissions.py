"""Who may call an action. Closed by default: an action that declares nothing is answered to nobody.

Views declare on the base classes of ``config.api.views``; ``config.api.checks`` fails at start-up where one doesn't.
"""

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from config.api.errors import Forbidden


class Public(BasePermission):
    """Everybody. Credentials that are sent are still checked; a view's ``anonymous`` actions ignore them."""

    def has_permission(self, request: Request, view: object) -> bool:
        return True


class Authenticated(BasePermission):
    def has_permission(self, request: Request, view: object) -> bool:
        return bool(request.user and request.user.is_authenticated)


class IsAdministrator(Authenticated):
    """Roles 1 and 2, with a second factor where staff must have one."""

    minimum_role = 1

    def has_permission(self, request: Request, view: object) -> bool:
        if not super().has_permission(request, view) or request.user.role < self.minimum_role:
            return False
        if request.user.lacks_second_factor:
            raise Forbidden("Staff need a second factor: set one up first", "second_factor_required")
        return True


class IsSuperAdministrator(IsAdministrator):
    minimum_role = 2


class Nobody(BasePermission):
    """What an undeclared action gets."""

    def has_permission(self, request: Request, view: object) -> bool:
        return False
