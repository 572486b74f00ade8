"""The verbs of accounts."""

from accounts.services.audit import Device
from accounts.services.blocking import block_user, unblock_user
from accounts.services.passwords import change_password, forget_password, require_reset, reset_password
from accounts.services.profiles import change_user_data, find_user, update_profile, write_profile
from accounts.services.sessions import (
    Tokens,
    end_other_sessions,
    end_session,
    end_session_of,
    list_sessions,
    log_in,
    open_session,
    refresh_session,
)
from accounts.services.users import authenticate, ensure_administrator, register
from accounts.services.verification import ask_for_verification, verify_email

__all__ = [
    "Device",
    "Tokens",
    "ask_for_verification",
    "authenticate",
    "block_user",
    "change_password",
    "change_user_data",
    "end_other_sessions",
    "end_session",
    "end_session_of",
    "ensure_administrator",
    "find_user",
    "forget_password",
    "list_sessions",
    "log_in",
    "open_session",
    "refresh_session",
    "register",
    "require_reset",
    "reset_password",
    "unblock_user",
    "update_profile",
    "verify_email",
    "write_profile",
]
