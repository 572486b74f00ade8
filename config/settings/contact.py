"""How people reach one another and the staff."""

from config.settings.environment import env

NOTICE_QUIET_SECONDS = env.whole("NOTICE_QUIET_SECONDS", 3600, least=0)
"""The least time between two mails that tell one person of the same kind of news."""

SUPPORT_EMAIL = env.mailbox("SUPPORT_EMAIL")
"""Who is told of new support requests; empty: nobody."""
