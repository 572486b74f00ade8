"""The verbs of support."""

from support.services.links import follow_token, followed_request
from support.services.requests import (
    About,
    assign,
    file_anonymous_request,
    file_request,
    find_request,
    lock_as_seen,
    requests_of,
    set_status,
    staff,
    version_of,
)
from support.services.threads import add_note, answer, ask, send_message, thread

__all__ = [
    "About",
    "add_note",
    "answer",
    "ask",
    "assign",
    "file_anonymous_request",
    "file_request",
    "find_request",
    "follow_token",
    "followed_request",
    "lock_as_seen",
    "requests_of",
    "send_message",
    "set_status",
    "staff",
    "thread",
    "version_of",
]
