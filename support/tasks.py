"""Names of work that earlier releases have queued; nothing here queues under them any more."""

from support.services.notices import mail_answered, mail_filed

__all__ = ["mail_answered", "mail_filed"]
