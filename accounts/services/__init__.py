"""The verbs of accounts."""

from accounts.services.sessions import (
    Device,
    Tokens,
    end_other_sessions,
    end_session,
    open_session,
    refresh_session,
)
from accounts.services.users import ensure_administrator, log_in, register, update_profile

__all__ = [
    "Device",
    "Tokens",
    "end_other_sessions",
    "end_session",
    "ensure_administrator",
    "log_in",
    "open_session",
    "refresh_session",
    "register",
    "update_profile",
]
