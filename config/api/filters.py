"""The list grammar: what a resource lets itself be filtered, searched and ordered by.

A resource declares a whitelist, and gets the grammar of the whole API::

    class VideoList(ListSpec):
        filters = {"id": Int(), "status": Choice(Video.Status), "created_at": DateTime(), "effect": Str("effect__slug")}
        params = {"categoryId": Int("effect__category_id")}
        search = ("title", "effect__name")
        order = ("id", "title", "created_at")
        default_order = "created_at:desc"

``?status:=completed&created_at:between=2026-01-01,2026-12-31&search=cat&order=title:asc,id:desc&page=2&perPage=20``

Filters are ``field:operator=value`` with the operators ``=`` (written ``field:=value``), ``not``, ``in``, ``notin``,
``between``, ``greater``, ``less``, ``greaterorequal``, ``lessorequal``, ``like``, ``isnull``, ``notnull``; which of
these a field has is up to its type (``config.api.fields``). Lists are separated by commas and have at most 100 values.
Several filters must all hold. A date without a time means its whole day in UTC. ``params`` are plain parameters
(``categoryId=3``) that a resource documents beside the grammar.

A parameter that is none of these is ignored, unless it has a colon: then it was meant as a filter, and is a 422. Every
bad parameter is a 422 whose ``data`` names it. django-filter carries the filters, one per ``field:operator``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

from config.api.errors import ValidationFailed
from config.api.fields import Bool, Choice, Date, DateTime, Field, Int, Number, Str

__all__ = ["Bool", "Choice", "Date", "DateTime", "Field", "Int", "ListQuery", "ListSpec", "Number", "Str", "read_query"]

M = TypeVar("M", bound=Model)
R = TypeVar("R")

DEFAULT_PER_PAGE = 50
MAX_PER_PAGE = 200
MAX_PAGE = 1_000_000_000
MAX_SEARCH_LENGTH = 200
MAX_ORDER_TERMS = 5


class ListSpec:
    """The whitelist of one resource; subclass it and fill in what applies."""

    filters: ClassVar[Mapping[str, Field]] = {}
    """field -> its type, with the ORM path where it is not the field's own name."""

    params: ClassVar[Mapping[str, Field]] = {}
    """Plain parameters that filter by equality."""

    search: ClassVar[Sequence[str]] = ()
    """ORM paths in which the search text is looked for, anywhere and in any case."""

    order: ClassVar[Sequence[str] | Mapping[str, str]] = ("id",)
    """Fields to order by, or field -> ORM path."""

    default_order: ClassVar[str] = "id:asc"

    feed: ClassVar[Sequence[str]] = ()
    """Those fields of ``order`` that are never null: lists ordered by them in one direction offer a ``cursor``."""

    count_ttl: ClassVar[int] = 0
    """Seconds for which ``totalItems`` may be stale; 0 counts every time.

    The cached count is filed under the SQL of the filtered queryset, so two callers share one only if they see the
    same rows. A hot list spares building that SQL by passing ``count_key`` to ``list_response``: a name that stands
    for the queryset it passes, to which filters and search are added.
    """

    exact_below: ClassVar[int] = 0
    """Where ``count_ttl`` applies: counts under this many rows are exact nevertheless, so that a new row of a short
    list shows at once, and a long one costs no more to count than this."""

    by_parameter: ClassVar[Mapping[str, "OperatorFilter"]]
    """Derived: every filter under the name of its parameter, ``status:=`` or ``categoryId``."""

    order_paths: ClassVar[Mapping[str, str]]
    """Derived: ``order`` as field -> ORM path."""

    def __init_subclass__(cls) -> None:
        cls.order_paths = dict(cls.order) if isinstance(cls.order, Mapping) else {name: name for name in cls.order}
        grammar = {
            f"{name}:{operator}": OperatorFilter(field, operator, field.path or name)
            for name, field in cls.filters.items()
            for operator in field.operators
        }
        plain = {name: OperatorFilter(field, "=", field.path or name) for name, field in cls.params.items()}
        cls.by_parameter = {**grammar, **plain}
        cls.terms(cls.default_order)

    @classmethod
    def apply_search(cls, queryset: QuerySet[M, R], text: str) -> QuerySet[M, R]:
        """Override for a search of one's own (trigram, full text). ``text`` is stripped and not empty."""
        anywhere = Q()
        for path in cls.search:
            anywhere |= Q(**{f"{path}__icontains": text})
        return queryset.filter(anywhere)

    @classmethod
    def searchable(cls) -> bool:
        return bool(cls.search) or "apply_search" in vars(cls)

    @classmethod
    def terms(cls, order: str) -> tuple["Term", ...]:
        """``"title:asc,id:desc"`` as terms. Raises ValueError with a reason for people."""
        parts = order.split(",")
        if len(parts) > MAX_ORDER_TERMS:
            raise ValueError(f"May have at most {MAX_ORDER_TERMS} fields.")
        terms = []
        for part in parts:
            name, _, direction = part.strip().partition(":")
            if direction not in ("asc", "desc"):
                raise ValueError("Must be field:asc or field:desc.")
            if name not in cls.order_paths:
                raise ValueError(f"Can't order by {name!r}: choose from {', '.join(cls.order_paths)}.")
            terms.append(Term(name, cls.order_paths[name], descending=direction == "desc"))
        if len({term.name for term in terms}) < len(terms):
            raise ValueError("Names a field twice.")
        return tuple(terms)


@dataclass(frozen=True)
class Term:
    """One field of an order: its public name, its ORM path, its direction."""

    name: str
    path: str
    descending: bool


@dataclass(frozen=True)
class ListQuery:
    """The list parameters of one request, checked."""

    page: int
    per_page: int
    search: str
    order: str
    terms: tuple[Term, ...]
    filters: Mapping[str, str]
    """As given: ``{"status:=": "completed"}``."""
    cursor: str

    def narrow(self, queryset: QuerySet[M, R], spec: type[ListSpec]) -> QuerySet[M, R]:
        """The rows that search and filters leave, unordered. Raises ValidationFailed naming the bad filters."""
        if self.filters:
            filterset = OperatorFilterSet(self.filters, queryset, spec)
            if not filterset.is_valid():
                raise ValidationFailed({name: list(map(str, errors)) for name, errors in filterset.errors.items()})
            queryset = filterset.qs
        return spec.apply_search(queryset, self.search.strip()) if self.search.strip() else queryset


def read_query(params: QueryDict, spec: type[ListSpec]) -> ListQuery:
    """The list parameters, or ValidationFailed naming each bad one; the filters' values are left to ``narrow``."""
    problems: dict[str, list[str]] = {}
    page = _bounded(params, "page", 1, MAX_PAGE, problems)
    per_page = _bounded(params, "perPage", DEFAULT_PER_PAGE, MAX_PER_PAGE, problems)
    search = params.get("search", "")
    if len(search) > MAX_SEARCH_LENGTH:
        problems["search"] = [f"May not be longer than {MAX_SEARCH_LENGTH} characters."]
    elif search.strip() and not spec.searchable():
        problems["search"] = ["This list can't be searched."]
    order = params.get("order") or spec.default_order
    terms: tuple[Term, ...] = ()
    try:
        terms = spec.terms(order)
    except ValueError as error:
        problems["order"] = [str(error)]
    filters = _requested_filters(params, spec, problems)
    for name, values in params.lists():
        if len(values) > 1 and (name in _OWN_PARAMETERS or _canonical(name) in filters):
            problems[name] = ["May be given only once."]
    if problems:
        raise ValidationFailed(problems)
    return ListQuery(page, per_page, search, order, terms, filters, params.get("cursor", ""))


class ValueField(forms.Field):
    """A form field that cleans a text to the operands of one operator."""

    def __init__(self, *, kind: Field, operator: str, **options: Any) -> None:
        super().__init__(**options)
        self.kind = kind
        self.operator = operator

    def clean(self, value: str) -> list[object]:
        try:
            return self.kind.values(self.operator, value)
        except ValueError as error:
            raise ValidationError(str(error)) from error


class OperatorFilter(django_filters.Filter):
    """One ``field:operator`` of the grammar."""

    field_class = ValueField

    def __init__(self, kind: Field, operator: str, path: str) -> None:
        super().__init__(field_name=path, label=path, kind=kind, operator=operator, required=False)
        self.kind = kind
        self.operator = operator

    def filter(self, qs: QuerySet[M, R], value: list[object]) -> QuerySet[M, R]:
        return qs.filter(self.kind.condition(self.operator, self.field_name, value))


class OperatorFilterSet(django_filters.FilterSet):
    """Holds only the filters that a request names: copying all of a resource's costs more than its query."""

    def __init__(self, data: Mapping[str, str], queryset: QuerySet[Model, object], spec: type[ListSpec]) -> None:
        self.base_filters = {name: spec.by_parameter[name] for name in data}
        super().__init__(data, queryset)


_OWN_PARAMETERS = ("page", "perPage", "search", "order", "cursor")


def _bounded(params: QueryDict, name: str, default: int, highest: int, problems: dict[str, list[str]]) -> int:
    text = params.get(name)
    if text is None:
        return default
    if re.fullmatch(r"[0-9]{1,10}", text) and 1 <= int(text) <= highest:
        return int(text)
    problems[name] = [f"Must be an integer from 1 to {highest}."]
    return default


def _requested_filters(params: QueryDict, spec: type[ListSpec], problems: dict[str, list[str]]) -> dict[str, str]:
    requested = {}
    for given, text in params.items():
        name = _canonical(given)
        if name in spec.by_parameter:
            requested[name] = str(text)
        elif ":" in name:
            problems[given] = [_why_unknown(name, spec)]
    return requested


def _canonical(name: str) -> str:
    """``status:=x`` reaches us as the parameter ``status:``, since a query string splits at its first ``=``."""
    return f"{name}=" if name.endswith(":") else name


def _why_unknown(name: str, spec: type[ListSpec]) -> str:
    field, _, operator = name.partition(":")
    if field not in spec.filters:
        return f"Can't filter by {field!r}: choose from {', '.join(spec.filters) or 'nothing'}."
    return f"Unknown operator {operator!r}: {field} has {', '.join(spec.filters[field].operators)}."
