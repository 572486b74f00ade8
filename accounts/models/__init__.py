"""Users, their sessions, and what is written down about both."""

from accounts.models.audit import AuditEntry, LoginLock
from accounts.models.invitations import Invitation
from accounts.models.requests import DataRequest
from accounts.models.users import LoginSession, LoginSessionQuerySet, User, UserManager, normalise_email

__all__ = [
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
