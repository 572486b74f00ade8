"""Support in the Django admin: the talk as a whole, and everything that staff do with it through the services."""

from support.admin import figures as figures
from support.admin.canned import CannedAnswerAdmin
from support.admin.tickets import SupportRequestAdmin

__all__ = ["CannedAnswerAdmin", "SupportRequestAdmin"]
