"""One page of a list: ``{items, totalItems, totalPages, page, perPage, order, search, filters}``.

Numbered pages cost what their OFFSET costs, so those in the far half of a long list are read from its other end, and of
the rows that are skipped nothing is read but the keys. Lists whose order is among the spec's ``feed`` fields answer a
``nextCursor`` too (null at the end); ``cursor=`` continues after the last row of that page by a row comparison, which
costs the same at any depth and neither repeats nor skips rows when others appear before them. A cursor belongs to the
order it was made with.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.core.signing import BadSignature, Signer
from django.db.models import BooleanField, F, Func, Model, QuerySet, Value
from django.http import QueryDict

from config.api.errors import ValidationFailed
from config.api.filters import ListQuery, ListSpec, read_query

M = TypeVar("M", bound=Model)
R = TypeVar("R")

# Below this many rows to skip, an OFFSET is too cheap to be worth turning the list around.
FAR_OFFSET = 5_000

ANCHORS_KEPT = 300
"""Seconds for which it is known where a far page begins."""
DEEP_OFFSET = 500
"""From here on, looking the keys up first costs less than reading whole rows to skip them."""

_FROM_TEXT: dict[str, Callable[[str], object]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "Decimal": Decimal,
}
_signer = Signer(salt="config.api.cursor")


def list_page(
    params: QueryDict,
    queryset: QuerySet[M, R],
    spec: type[ListSpec],
    *,
    columns: Sequence[str] = (),
    row: Callable[..., object] | None = None,
    count_key: str | None = None,
) -> dict[str, object]:
    """The ``data`` of a list answer. ``queryset`` yields instances or, faster, ``values()``; its order is replaced.

    columns: read the page as ``values(*columns)``. Better than a ``values()`` queryset where they come from other
    tables or are annotations: the count then does without them. Those of a feed must have the ``feed`` columns and the
    primary key among them. Raises ValidationFailed.
    """
    query = read_query(params, spec)
    matching = query.narrow(queryset, spec)
    total = count_rows(matching, query, spec, count_key)
    # Of which far pages are looked up: without what the columns join.
    keys = matching.order_by(*_ordering(query, matching)).values_list("pk", flat=True)
    shown: QuerySet[M, object] = matching.values(*columns) if columns else matching
    keyset = Keyset.of(query, shown, spec)
    page = query.page
    if query.cursor:
        if keyset is None:
            raise ValidationFailed({"cursor": [f"The order {query.order} has no cursor."]})
        page, after = keyset.read(query.cursor)
        rows = list(shown.filter(keyset.after(after)).order_by(*_ordering(query, shown))[: query.per_page + 1])
    else:
        ordered = shown.order_by(*_ordering(query, shown))
        if count_key is None or keyset is None or (page - 1) * query.per_page < FAR_OFFSET:
            rows = numbered_rows(ordered, keys, page, query.per_page, total)
        else:
            rows = _anchored_rows(ordered, keys, keyset, query, total, of=_subject(query, spec, count_key))
    more = len(rows) > query.per_page
    rows = rows[: query.per_page]
    answer: dict[str, object] = {
        "items": [row(item) for item in rows] if row else rows,
        "totalItems": total,
        "totalPages": -(-total // query.per_page),
        "page": page,
        "perPage": query.per_page,
        "order": query.order,
        "search": query.search,
        "filters": query.filters,
    }
    if keyset:
        answer["nextCursor"] = keyset.write(rows[-1], page + 1) if more else None
    return answer


def count_rows(queryset: QuerySet[M, R], query: ListQuery, spec: type[ListSpec], count_key: str | None = None) -> int:
    """How many rows match: counted, or at most ``spec.count_ttl`` seconds old."""
    # Annotations cost time, and may have the time in them; nothing that is counted is lost without them.
    keys = queryset.order_by().values("pk")
    if keys.query.is_empty():
        return 0
    if not spec.count_ttl:
        return keys.count()
    try:
        key = f"count:{_subject(query, spec, count_key or keys.query.sql_with_params())}"
    except EmptyResultSet:
        # No row can match.
        return 0
    total: int | None = cache.get(key)
    if total is not None and total >= 2 * spec.exact_below:
        return total
    if spec.exact_below:
        few = keys[: spec.exact_below].count()
        if few < spec.exact_below:
            return few
    if total is None:
        total = keys.count()
        cache.set(key, total, spec.count_ttl)
    return total


def _subject(query: ListQuery, spec: type[ListSpec], of: object) -> str:
    """What is counted, in few letters. ``of`` stands for the queryset before filters and search, or is its SQL."""
    said = repr((of, sorted(query.filters.items()), query.search.strip()))
    return f"{spec.__module__}.{spec.__name__}:{hashlib.sha256(said.encode()).hexdigest()}"


def _anchored_rows(
    ordered: QuerySet[M, R],
    keys: QuerySet[M, object],
    keyset: "Keyset",
    query: ListQuery,
    total: int,
    *,
    of: str,
) -> list[R]:
    """As ``numbered_rows``, for far pages of a list whose name is another once its rows have changed.

    Where a page and the one behind it begin is remembered, so that whoever turns pages skips nothing twice.
    """
    page, size = query.page, query.per_page
    key = f"anchor:{of}:{query.order}:{size}"
    begins = cache.get(f"{key}:{page}")
    if begins is None:
        rows = numbered_rows(ordered, keys, page, size, total)
    else:
        rows = list(ordered.filter(keyset.after(begins, inclusive=True))[: size + 1])
    places = {f"{key}:{page + n // size}": keyset.values(rows[n]) for n in (0, size) if n < len(rows)}
    cache.set_many(places, ANCHORS_KEPT)
    return rows


def numbered_rows(ordered: QuerySet[M, R], keys: QuerySet[M, object], page: int, per_page: int, total: int) -> list[R]:
    """The page's rows and, where there is one, the row after them."""
    start = (page - 1) * per_page
    if start >= total:
        return []
    stop = min(start + per_page + 1, total)
    if start >= FAR_OFFSET and start >= total - stop:
        # Nearer to the other end.
        return _rows_at(ordered.reverse(), keys.reverse(), total - stop, total - start)[::-1]
    return _rows_at(ordered, keys, start, start + per_page + 1)


def _rows_at(ordered: QuerySet[M, R], keys: QuerySet[M, object], start: int, stop: int) -> list[R]:
    if start < DEEP_OFFSET:
        return list(ordered[start:stop])
    # Only keys are read of the rows to skip: from the index of the order, where its columns are all that is asked for.
    # In a statement of its own: as a part of another it is planned as if it found a hundredth of the table.
    return list(ordered.filter(pk__in=list(keys[start:stop])))


class Keyset:
    """A feed's position: the order's columns and the primary key, all in one direction."""

    def __init__(self, query: ListQuery, names: Sequence[str]) -> None:
        self._order = query.order
        self._names = names
        self._descending = query.terms[-1].descending

    @classmethod
    def of(cls, query: ListQuery, queryset: QuerySet[M, R], spec: type[ListSpec]) -> "Keyset | None":
        """None where the order has no cursor: a nullable field, or two directions."""
        if not all(term.name in spec.feed for term in query.terms) or len({t.descending for t in query.terms}) > 1:
            return None
        return cls(query, [name.lstrip("-") for name in _ordering(query, queryset)])

    def after(self, values: Sequence[object], *, inclusive: bool = False) -> Func:
        operator = "<" if self._descending else ">"
        return row_comparison(self._names, f"{operator}=" if inclusive else operator, values)

    def values(self, row: object) -> list[object]:
        """Where the row is."""
        return [row[name] if isinstance(row, dict) else getattr(row, name) for name in self._names]

    def write(self, row: object, page: int) -> str:
        return _signer.sign_object([self._order, page, [_tag(value) for value in self.values(row)]])

    def read(self, cursor: str) -> tuple[int, list[object]]:
        """The page number and the values to continue after. Raises ValidationFailed."""
        try:
            order, page, values = _signer.unsign_object(cursor)
        except (BadSignature, ValueError) as error:
            raise ValidationFailed({"cursor": ["Is not a cursor of this list."]}) from error
        if order != self._order:
            raise ValidationFailed({"cursor": [f"Belongs to the order {order}."]})
        return page, [_untag(value) for value in values]


def row_comparison(columns: Sequence[str], operator: str, values: Sequence[object]) -> Func:
    """``(a, b) < (x, y)`` as PostgreSQL compares rows: one index range, unlike the same thing spelled with OR."""
    rows = (Func(*items, template="(%(expressions)s)") for items in (map(F, columns), map(Value, values)))
    return Func(*rows, template="%(expressions)s", arg_joiner=f" {operator} ", output_field=BooleanField())


def _ordering(query: ListQuery, queryset: QuerySet[M, R]) -> list[str]:
    """``order_by`` arguments that leave no tie: the primary key comes last, in the direction of the last field."""
    names = [("-" if term.descending else "") + term.path for term in query.terms]
    key = queryset.model._meta.pk.name
    if key not in (term.path for term in query.terms):
        names.append(("-" if query.terms[-1].descending else "") + key)
    return names


def _tag(value: object) -> object:
    """JSON that ``_untag`` turns back into the very same value."""
    if isinstance(value, datetime | date):
        return {type(value).__name__: value.isoformat()}
    if isinstance(value, Decimal):
        return {"Decimal": str(value)}
    return value


def _untag(value: object) -> object:
    if isinstance(value, dict):
        [(kind, text)] = value.items()
        return _FROM_TEXT[kind](text)
    return value
