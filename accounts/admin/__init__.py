"""Accounts on the staff's site."""

from accounts.admin import credentials, log, users

__all__ = ["credentials", "log", "users"]
