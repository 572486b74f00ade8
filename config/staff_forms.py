"""Forms of the staff's pages, which lie open while others change the same row.

Each field comes with the value that the page showed. A field that nobody touched is not written. One that was touched
here and changed by somebody else meanwhile is not written either, the first time: the form says who changed it to what,
keeps what was typed, and takes it when it is sent again.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.forms.boundfield import BoundField
from django.http import HttpRequest
from django.utils.text import Truncator

if TYPE_CHECKING:
    from django.db.models import Model
    from django.forms import ModelForm

    Form = ModelForm[Model]
else:
    # What it is mixed into is one.
    Form = object

TOLD = 200
"""Characters of a value that somebody is told about."""


class ShownField(BoundField):
    """A field, and what the page showed of it."""

    told = False
    """Whether somebody is being told what it is now: from then on that counts as shown."""

    @property
    def came_back(self) -> bool:
        """Whether the form came back with what it had shown; a script's may not."""
        shown = self.html_initial_name
        return self.field.show_hidden_initial and any(
            key == shown or key.startswith(f"{shown}_") for key in self.form.data
        )

    @property
    def shown(self) -> Any:
        """As it came back, unread: a text, or several."""
        return self.field.hidden_widget().value_from_datadict(self.form.data, self.form.files, self.html_initial_name)

    @property
    def is_changed(self) -> bool:
        """Whether it was touched here."""
        if not self.field.show_hidden_initial or self.came_back:
            return bool(super()._has_changed())  # type: ignore[misc]
        return bool(self.field.has_changed(self.initial, self.data))

    @property
    def was_changed(self) -> bool:
        """Whether it is something else now than the page showed."""
        if not self.came_back:
            return False
        shown = self.shown
        if isinstance(shown, str):
            # A browser sends lines of its own kind.
            now = self.field.prepare_value(self.initial)
            if _lines("" if now is None else str(now)) == _lines(shown):
                return False
            shown = _lines(shown)
        initial = _lines(self.initial) if isinstance(self.initial, str) else self.initial
        return bool(self.field.has_changed(initial, shown))

    def as_widget(self, widget: Any = None, attrs: Any = None, only_initial: bool = False) -> Any:
        if not (only_initial and self.form.is_bound):
            return super().as_widget(widget, attrs, only_initial)
        # Not what was typed, which Django would take for shown where the field has several parts.
        value = self.shown if self.came_back and not self.told else self.field.prepare_value(self.initial)
        attrs = {"id": self.html_initial_id, **(attrs or {})}
        return self.field.hidden_widget().render(self.html_initial_name, value, attrs, self.form.renderer)


class ShownFieldsMixin(Form):
    """Of the forms of ``StaffPage``."""

    request: HttpRequest
    bound_field_class = ShownField
    is_stale = False
    """Whether it was sent over a change of somebody else's, and refused."""

    @cached_property
    def changed_data(self) -> list[str]:
        return [name for name in self.fields if self._bound(name).is_changed]

    @cached_property
    def changed_by_others(self) -> list[str]:
        """Fields that are something else now than the page showed, and than was typed."""
        if self.instance._state.adding:
            return []
        bound = [self._bound(name) for name in self.fields if self._bound(name).was_changed]
        return [one.name for one in bound if not one.is_changed or one.field.has_changed(one.initial, one.data)]

    def clean(self) -> dict[str, Any] | None:
        values = super().clean()
        theirs = self.changed_by_others
        both = [name for name in theirs if name in self.changed_data]
        if both:
            self.is_stale = True
            self.add_error(None, "Somebody else changed this meanwhile. What you typed is here, and not saved yet.")
        for name in both:
            # Told now; who sends the form again knows.
            self._bound(name).told = True
            self.add_error(name, f"{self.news_of(name)} Save again to write yours instead.")
        for name in set(theirs) - set(both) if both else ():
            self.add_error(None, f"{self[name].label}: {self.news_of(name)} It stays so.")
        return values

    def news_of(self, name: str) -> str:
        """Who changed the field, as far as the panel knows, and to what."""
        bound = self._bound(name)
        return f"{self._changer(bound)} changed it to {value_text(bound)} meanwhile."

    def _bound(self, name: str) -> ShownField:
        bound = self[name]
        assert isinstance(bound, ShownField)
        return bound

    def _changer(self, bound: ShownField) -> str:
        row = self.instance
        kind = ContentType.objects.get_for_model(row, for_concrete_model=False)
        entries = LogEntry.objects.filter(content_type=kind, object_id=str(row.pk), action_flag=CHANGE)
        for entry in entries.select_related("user").order_by("-pk")[:5]:
            if str(bound.label) in _fields_of(entry):
                return "You, elsewhere," if entry.user_id == self.request.user.pk else str(entry.user)
        return "Somebody else"


def value_text(bound: ShownField) -> str:
    """What a field is now, in words."""
    value = bound.initial
    if value in (None, "", [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    choices = getattr(bound.field, "queryset", None)
    if choices is not None:
        keys = value if isinstance(value, (list, tuple)) else [getattr(value, "pk", value)]
        keys = [getattr(key, "pk", key) for key in keys]
        return ", ".join(f"“{row}”" for row in choices.model._base_manager.filter(pk__in=keys)[:10]) or "nothing"
    named = {str(key): label for key, label in getattr(bound.field, "choices", ()) if not isinstance(label, list)}
    said = str(named.get(str(value)) or bound.field.prepare_value(value))
    return f"“{Truncator(said).chars(TOLD)}”"


def _fields_of(entry: LogEntry) -> set[str]:
    """What an entry says was changed."""
    try:
        parts = json.loads(entry.change_message)
    except ValueError:
        return set()
    changed = [part.get("changed", {}) for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    return {str(field) for part in changed for field in part.get("fields", ())}


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
