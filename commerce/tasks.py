"""Names of work that earlier releases have queued; nothing here queues under them any more."""

from commerce.services.orders import expire_orders

__all__ = ["expire_orders"]
