"""Commerce for staff."""

from commerce.admin import pages

__all__ = ["pages"]
