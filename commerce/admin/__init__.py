"""Commerce for staff."""

from commerce.admin import figures, pages, views

__all__ = ["figures", "pages", "views"]
