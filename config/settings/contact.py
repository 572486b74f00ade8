"""How people reach one another and the staff."""

from config.settings.environment import env

NOTICE_QUIET_SECONDS = env.int("NOTICE_QUIET_SECONDS", 3600)
"""The least time between two mails that tell one person of the same kind of news."""

SUPPORT_EMAIL = env.str("SUPPORT_EMAIL", "")
"""Who is told of new support requests; empty: nobody."""
