"""The staff's lists, at any size of their tables: a page reads rows that are next to each other in an index.

Up to ``SMALL`` rows a list is Django's own: numbered pages, sorted by every column. Beyond, pages follow one another by
key, columns that no index orders can't be sorted by, totals are estimated, and a filter that no index serves looks at
``REACH`` rows at a time and says so.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import connections, models
from django.db.models import Q
from django.db.models.expressions import Combinable
from django.http import HttpRequest

from config.staff_search import REACH, Rows, find, plain_ways

if TYPE_CHECKING:
    from config.staff_pages import StaffPage

SMALL = 1_000
"""Rows."""
EXACT = 1_000
"""As many rows are counted; acted on at once; skipped to reach a numbered page."""
AFTER, BEFORE = "after", "before"
"""Names of the parameters that say which row a page follows or leads up to, by its key."""


class Estimate(int):
    """A number of rows that was not counted to the end."""

    prefix = "about"

    def __str__(self) -> str:
        return f"{self.prefix} {int(self):,}"


class AtLeast(Estimate):
    prefix = "more than"


class StaffPaginator(Paginator):
    """Numbered pages of the first ``EXACT`` rows: what autocompletion leafs through."""

    @cached_property
    def count(self) -> int:
        return min(EXACT, counted(self.object_list))  # type: ignore[arg-type]


def counted(rows: Rows) -> int:
    """How many there are, up to one more than ``EXACT``."""
    return len(rows.values_list("pk", flat=True)[: EXACT + 1])


def rows_about(model: type[models.Model], using: str = "default") -> int:
    """About how many rows the table has, by its size and what was found when it was last analysed."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT CASE WHEN reltuples < 0 OR relpages = 0 THEN pg_relation_size(oid) / 128"
            " ELSE reltuples / relpages * (pg_relation_size(oid) / current_setting('block_size')::int) END"
            " FROM pg_class WHERE oid = %s::regclass",
            [connections[using].ops.quote_name(model._meta.db_table)],
        )
        return int(cursor.fetchone()[0])


def keys(model: type[models.Model]) -> set[str]:
    """Columns that an index orders, each value of which one row has."""
    unique = (field for field in model._meta.concrete_fields if field.unique and not field.null)
    return {field.name for field in unique if not field.is_relation}


class StaffChangeList(ChangeList):
    """One list, for one request."""

    model_admin: StaffPage
    list_display: Any
    lookup_opts: Any
    previous_link = next_link = ""
    looked_at = 0
    """Rows that were looked at for this page, if it may lack some for that."""

    @cached_property
    def about(self) -> int:
        return rows_about(self.model)

    @property
    def is_small(self) -> bool:
        return self.about <= SMALL

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str | None] | None = None) -> Rows:
        self._request = request
        self._turn = {name: request.GET[name] for name in (AFTER, BEFORE) if name in request.GET}
        for name in (AFTER, BEFORE):
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        self._filters = [name for name, value in self.get_filters_params().items() if any(value)]
        if not self.is_small:
            self.sortable_by = [name for name in self.list_display if self.get_ordering_field(name) in self._keys]
            self.root_queryset = self.root_queryset.filter(self._turned() & self._near(self._must_look))
        query, self.query = self.query, ""
        try:
            rows: Rows = super().get_queryset(request, exclude_parameters)
        finally:
            self.query = query
        if self.is_small:
            return find(rows, self.search_fields, query, near=Q(), limit=SMALL)
        return find(
            rows, self.search_fields, query, near=self._near(True), limit=self._skipped + self.list_per_page + 1
        )

    def get_ordering(self, request: HttpRequest, queryset: Rows) -> list[str | Combinable]:
        if self.is_small:
            return super().get_ordering(request, queryset)
        return [self._key if self._descending == (BEFORE in self._turn) else f"-{self._key}"]

    @cached_property
    def _keys(self) -> set[str]:
        return keys(self.model) | {"pk"}

    @cached_property
    def _asked_order(self) -> str:
        """By what was asked, or the page's own order, if an index has it; the newest first else."""
        asked = super().get_ordering(self._request, self.root_queryset)[0]
        name = asked.lstrip("-") if isinstance(asked, str) else ""
        if name not in self._keys or ((self._filters or self.query) and not self._is_pk(name)):
            return "-pk"
        return str(asked)

    @property
    def _key(self) -> str:
        return self._asked_order.lstrip("-")

    @property
    def _descending(self) -> bool:
        return self._asked_order.startswith("-")

    def _is_pk(self, name: str) -> bool:
        return name in ("pk", self.lookup_opts.pk.name)

    @property
    def _must_look(self) -> bool:
        """Whether no index serves what is filtered by."""
        served = self.model_admin.indexed_filters
        columns = {name.split("__")[0] for name in self._filters}
        return len(columns) > 1 or not columns <= set(served)

    def _turned(self) -> Q:
        """The rows behind, or in front of, the one that was named."""
        field = self.lookup_opts.pk if self._is_pk(self._key) else self.lookup_opts.get_field(self._key)
        for name, value in self._turn.items():
            try:
                found = field.to_python(value)
                field.run_validators(found)
            except ValidationError as error:
                raise IncorrectLookupParameters from error
            less = self._descending == (name == AFTER)
            return Q(**{f"{self._key}__{'lt' if less else 'gt'}": found})
        return Q()

    def _near(self, looking: bool) -> Q:
        """The next ``REACH`` rows by number, from where the page begins."""
        if not looking or not isinstance(self.lookup_opts.pk, models.IntegerField) or not self._is_pk(self._key):
            return Q()
        if self._edge is None:
            return Q()
        return Q(pk__gte=self._edge - REACH + 1) if self._falls else Q(pk__lte=self._edge + REACH - 1)

    @property
    def _falls(self) -> bool:
        """Whether numbers fall in the direction in which the page is read."""
        return self._descending != (BEFORE in self._turn)

    @cached_property
    def _edge(self) -> int | None:
        """The number of the first row there, whatever is filtered."""
        rows = self.model._base_manager.filter(self._turned()).order_by("-pk" if self._falls else "pk")
        number: int | None = rows.values_list("pk", flat=True).first()
        return number

    def get_results(self, request: HttpRequest) -> None:
        if self.is_small:
            super().get_results(request)
            return
        size, skipped = self.list_per_page, self._skipped
        rows = list(self.queryset[skipped : skipped + size + 1])
        more, rows = len(rows) > size, rows[:size]
        if BEFORE in self._turn:
            rows.reverse()
        self._link(rows, more, skipped)
        self.result_list = rows
        self.result_count = self._count(len(rows), more)
        self.full_result_count, self.show_full_result_count = None, False
        self.show_admin_actions = True
        self.can_show_all = self.multi_page = False
        self.paginator = StaffPaginator(rows, size)

    @property
    def _skipped(self) -> int:
        """Rows before the numbered page that an old link may ask for."""
        skipped = (max(1, self.page_num) - 1) * self.list_per_page
        if skipped > EXACT:
            raise IncorrectLookupParameters
        return skipped

    def _count(self, shown: int, more: bool) -> int:
        if not self._filters and not self.query:
            return Estimate(self.about)
        if self._turn or self._skipped or self.looked_at or (self.query and more):
            return AtLeast(shown)
        found = counted(self.queryset) if more else shown
        return AtLeast(EXACT) if found > EXACT else found

    def _link(self, rows: list[models.Model], more: bool, skipped: int) -> None:
        back = BEFORE in self._turn
        looked = (self._filters and self._must_look) or (self.query and plain_ways(self.model, self.search_fields))
        if looked and not more and self._edge is not None:
            # What was looked at is used up: the next page goes on behind it.
            edge = self._edge - REACH + 1 if self._falls else self._edge + REACH - 1
            if self.model._base_manager.filter(**{"pk__lt" if self._falls else "pk__gt": edge}).exists():
                self.looked_at = REACH
        if rows and (more or back):
            self.next_link = self._page({AFTER: self._value(rows[-1])})
        if rows and (more if back else AFTER in self._turn or skipped):
            self.previous_link = self._page({BEFORE: self._value(rows[0])})
        if self.looked_at and back:
            self.previous_link = self._page({BEFORE: edge})
        elif self.looked_at:
            self.next_link = self._page({AFTER: edge})

    def _value(self, row: models.Model) -> object:
        return row.pk if self._key == "pk" else row.serializable_value(self._key)

    def _page(self, turn: dict[str, object]) -> str:
        return str(self.get_query_string(turn))
