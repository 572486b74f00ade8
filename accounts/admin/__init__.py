"""Accounts on the staff's site."""

from accounts.admin import credentials, log, tenants, users
from accounts.staff import system

__all__ = ["credentials", "log", "system", "tenants", "users"]
