"""What every page of the staff's site is built on: its lists hold at any size (``config.staff_lists``), and it writes
what was changed on it and nothing else.

A page lies open while others act: its owner is removed, an administrator loses the role. Each field comes with the
value that the page showed (``config.staff_forms``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import Max, Q
from django.db.models.constants import LOOKUP_SEP
from django.forms.models import BaseInlineFormSet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path

from accounts.services.audit import record
from accounts.staff.edits import record_edit
from accounts.staff.who import who
from config.staff_acts import Act, act_view
from config.staff_exports import export_view, may_export
from config.staff_filters import bounded_filter
from config.staff_forms import ShownFieldsMixin
from config.staff_lists import EXACT, StaffChangeList, StaffPaginator, counted
from config.staff_search import REACH, Rows, find
from config.staff_views import staff_page

if TYPE_CHECKING:
    # unfold's are these, dressed; it has no types of its own.
    from django.contrib.admin import ModelAdmin, TabularInline
else:
    from unfold.admin import ModelAdmin, TabularInline

INLINE_ROWS = 50
"""The newest rows of a relation that a page of its owner shows."""


class StaffPage(ModelAdmin):
    """A model on the staff's site. Adding and changing go by the user's permissions, as in Django.

    ``search_fields`` name ways of finding rows: see ``config.staff_search``.
    """

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    change_form_outer_before_template = "admin/acts.html"
    list_after_template = "admin/exports.html"
    acts: tuple[Act, ...] = ()
    """What can be done with one row, each on a page of its own."""
    audited = ""
    """What the audit log calls a row, if not by its model: ``preset`` gives ``preset.changed``."""
    paginator = StaffPaginator
    indexed_filters: tuple[str, ...] = ()
    """Columns that begin an index which then orders by number: a filter by one of them alone finds rows at once."""
    exported: tuple[str, ...] = ()
    """Columns of the list as a file (``config.staff_export_rows``), if not those of ``list_display``."""

    def get_urls(self) -> list[URLPattern]:
        name, wrap = f"{self.opts.app_label}_{self.opts.model_name}", self.admin_site.admin_view
        act = path("<path:object_id>/change/act/<slug:verb>/", wrap(self.act_view), name=f"{name}_act")
        export = path("export/<slug:kind>/", wrap(self.export_view), name=f"{name}_export")
        return [act, export, *super().get_urls()]

    def export_view(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        return export_view(self, request, kind)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"may_export": may_export(self, request), **(extra_context or {})})

    def act_view(self, request: HttpRequest, object_id: str, verb: str) -> HttpResponseBase:
        act = next((act for act in self.acts if act.verb == verb), None)
        row = self.get_object(request, unquote(object_id)) if act else None
        if act is None or row is None or not self.has_view_permission(request, row):
            raise Http404
        return act_view(request, act, row, opts=self.opts, media=self.media)

    def _changeform_view(
        self, request: HttpRequest, object_id: str | None, form_url: str, extra_context: dict[str, object] | None
    ) -> HttpResponse:
        """Of two who save at once the second is compared with what the first has written."""
        if request.method == "POST" and object_id and connection.in_atomic_block:
            row = super().get_object(request, unquote(object_id))
            if row is not None:
                self.model._base_manager.select_for_update(no_key=True, of=("self",)).filter(pk=row.pk).first()
        answer: HttpResponse = super()._changeform_view(request, object_id, form_url, extra_context)  # type: ignore[misc]
        return answer

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        """What was typed for a row that is gone meanwhile is shown once more."""
        if request.method != "POST":
            answer: HttpResponse = super()._get_obj_does_not_exist_redirect(request, opts, object_id)  # type: ignore[misc]
            return answer
        shown = {"opts": opts, "typed": typed(request), "back": f"admin:{opts.app_label}_{opts.model_name}_changelist"}
        return staff_page(request, "admin/gone.html", "It is gone", shown, 404)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        for name in form.changed_by_others if change else ():
            if name not in form.changed_data:
                self.message_user(request, f"{form[name].label}: {form.news_of(name)} It stays so.", messages.WARNING)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: models.Model | None = None,
    ) -> HttpResponse:
        context["acts"] = [act for act in self.acts if obj is not None and act.offered_to(request.user, obj)]
        answer: HttpResponse = super().render_change_form(request, context, add, change, form_url, obj)
        if context["adminform"].form.is_stale:
            answer.status_code = 409
        return answer

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[StaffChangeList]:
        return StaffChangeList

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return [bounded_filter(self.model, asked) for asked in super().get_list_filter(request)]

    def get_search_results(self, request: HttpRequest, queryset: Rows, search_term: str) -> tuple[Rows, bool]:
        """What autocompletion offers; a list searches by itself (``StaffChangeList``)."""
        if not search_term.strip():
            return queryset, False
        newest = self.model._base_manager.aggregate(newest=Max("pk"))["newest"]
        near = Q(pk__gt=newest - REACH) if isinstance(newest, int) else Q()
        found = find(queryset, tuple(self.get_search_fields(request)), search_term, near=near, limit=EXACT)
        return found.order_by("-pk"), False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Words only where the list shows or filters them: a prefix would tell the others letter by letter."""
        name, *rest = lookup.split(LOOKUP_SEP)
        column = {field.name: field for field in self.opts.concrete_fields}.get(name)
        asked = [one[0] if isinstance(one, (list, tuple)) else one for one in self.get_list_filter(request)]
        filters = {one if isinstance(one, str) else getattr(one, "parameter_name", "") for one in asked}
        shown = {"pk", *self.list_display, *self.exported, *self.indexed_filters, *filters}
        if {"regex", "iregex"} & set(rest) or (column is not None and _has_words(column) and name not in shown):
            return False
        return super().lookup_allowed(lookup, value, request)

    def response_action(self, request: HttpRequest, queryset: Rows, *more: Any) -> HttpResponse | None:
        if not all(self._may_be_key(key) for key in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            self.message_user(request, "There are no such rows. Nothing was done.", messages.ERROR)
            return None
        if request.POST.get("select_across") == "1":
            if counted(queryset) > EXACT:
                text = f"An action takes {EXACT:,} rows at most: narrow the list down by a filter or a search."
                self.message_user(request, text, messages.ERROR)
                return None
            queryset = self.get_queryset(request).filter(pk__in=list(queryset.values_list("pk", flat=True)))
        return super().response_action(request, queryset, *more)

    def _may_be_key(self, text: str) -> bool:
        try:
            self.opts.pk.run_validators(self.opts.pk.to_python(text))
        except (ValidationError, ValueError):
            return False
        return "\x00" not in text

    def formfield_for_dbfield(
        self, db_field: models.Field[object, object], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        field: forms.Field | None = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and not isinstance(field, forms.FileField):
            field.show_hidden_initial = True
        return field

    def get_form(
        self, request: HttpRequest, obj: models.Model | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[models.Model]]:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        return type(form)(form.__name__, (ShownFieldsMixin, form), {"request": request, "__module__": __name__})

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm[models.Model], change: bool) -> None:
        if not change:
            obj.save(force_insert=True)
        elif columns := changed_columns(obj, form):
            now = [field.name for field in obj._meta.concrete_fields if getattr(field, "auto_now", False)]
            obj.save(update_fields=[*columns, *now])
        record_edit(request, f"{self._kind}.{'changed' if change else 'added'}", form, self._called(obj))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self._record_deleted(request, [obj])
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        self._record_deleted(request, queryset)
        super().delete_queryset(request, queryset)

    def _record_deleted(self, request: HttpRequest, rows: Iterable[models.Model]) -> None:
        for row in rows:
            record(f"{self._kind}.deleted", actor=who(request), row=self._called(row))

    @property
    def _kind(self) -> str:
        return self.audited or str(self.opts.model_name)

    def _called(self, row: models.Model) -> str:
        """In the audit log: there nobody's name outlives them."""
        is_person = self.opts.label == settings.AUTH_USER_MODEL
        return str(row.pk if is_person else getattr(row, "slug", row))


class NewestFormSet(BaseInlineFormSet):
    """The first ``INLINE_ROWS`` rows, however many there are."""

    def get_queryset(self) -> Rows:
        whole = not hasattr(self, "_queryset")
        rows = super().get_queryset()
        if whole:
            self._queryset = rows = rows[:INLINE_ROWS]
        return rows


class Unwritten:
    """Mixed into a page of rows that only the services write; whoever may delete them still does."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class ReadOnly(Unwritten):
    """The same, to look at only."""

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class StaffInline(ReadOnly, TabularInline):
    """Rows of another model on the page of the row that they belong to. Only services write them."""

    formset = NewestFormSet
    extra = 0
    max_num = 0
    can_delete = False
    related: tuple[str, ...] = ()
    """What the rows refer to and show: read with them, not row by row."""

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.select_related(*self.related) if self.related else rows

    is_part = False
    """Whether who may see the row may see these: parts of it, that have no permission of their own."""

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        whole = self.parent_model._meta
        seen = self.is_part and request.user.has_perm(f"{whole.app_label}.view_{whole.model_name}")
        return seen or super().has_view_permission(request, obj)


def _has_words(column: models.Field[Any, Any]) -> bool:
    plain = (models.IntegerField, models.DecimalField, models.FloatField, models.BooleanField, models.DateField)
    return not column.is_relation and not column.choices and not isinstance(column, plain) and not column.primary_key


def typed(request: HttpRequest) -> list[tuple[str, str]]:
    """What somebody sent, by field; no secrets, and nothing that the page itself had put there."""
    mine = {name: request.POST.getlist(name) for name in request.POST if not name.startswith(("_", "initial-", "csrf"))}
    return [(name, "\n".join(values)) for name, values in mine.items() if any(values) and "password" not in name]


def changed_columns(obj: models.Model, form: forms.BaseForm) -> list[str]:
    """The columns that the form was asked to change."""
    columns = {field.name for field in obj._meta.concrete_fields}
    return [name for name in form.changed_data if name in columns]
