"""Widgets in the panel's look, for the fields that a form declares itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # unfold's are these, dressed; it has no types of its own.
    from django.forms import Select, Textarea
else:
    from unfold.widgets import UnfoldAdminSelectWidget as Select
    from unfold.widgets import UnfoldAdminTextareaWidget as Textarea

__all__ = ["Select", "Textarea"]
