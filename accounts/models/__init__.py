"""Users, their sessions, and what is written down about both."""

from accounts.models.audit import AuditEntry, LoginLock
from accounts.models.users import LoginSession, LoginSessionQuerySet, User, UserManager, normalise_email

__all__ = ["AuditEntry", "LoginLock", "LoginSession", "LoginSessionQuerySet", "User", "UserManager", "normalise_email"]
