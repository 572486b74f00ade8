"""Users, their sessions, and what is written down about both."""

from accounts.models.audit import Allowance, AuditEntry, LoginLock
from accounts.models.invitations import Invitation
from accounts.models.requests import DataRequest
from accounts.models.users import LoginSession, LoginSessionQuerySet, User, UserManager, normalise_email

__all__ = [
    "Allowance",
    "AuditEntry",
    "DataRequest",
    "Invitation",
    "LoginLock",
    "LoginSession",
    "LoginSessionQuerySet",
    "User",
    "UserManager",
    "normalise_email",
]
