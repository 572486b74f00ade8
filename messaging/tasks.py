"""Names of work that earlier releases have queued; nothing here queues under them any more."""

from messaging.services.notices import mail_unread

__all__ = ["mail_unread"]
