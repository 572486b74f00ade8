"""Words of a row's texts, as an expression to index and to search: case, and what stands between, don't matter."""

from __future__ import annotations

import unicodedata
from typing import Any, TypeVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVectorExact, SearchVectorField
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Func, Model, QuerySet, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat

M = TypeVar("M", bound=Model)
R = TypeVar("R")

_BETWEEN = "@._-+/:,;"
"""PostgreSQL would take an address as one word."""

RARE = 1_000
"""Rows, at most, that are looked up by their words before they are ordered."""


class Words(Func):
    """``to_tsvector`` of some text columns, none of them null."""

    function = "to_tsvector"
    template = f"%(function)s('simple'::regconfig, translate(%(expressions)s, '{_BETWEEN}', '{' ' * len(_BETWEEN)}'))"
    output_field = SearchVectorField()

    def __init__(self, *columns: str | Combinable, **extra: Any) -> None:
        if len(columns) > 1:
            parts = [part for column in columns for part in (Value(" "), column)][1:]
            columns = (Concat(*parts, output_field=TextField()),)
        super().__init__(*columns, **extra)


class WordsIndex(GinIndex):
    """By which ``words_of`` finds the rows of a model."""

    # Rows are read at once: what waits in a list to be indexed is read in full by every search.
    def __init__(self, *texts: str | Words, fastupdate: bool = False, **options: Any) -> None:
        """texts: names of the columns."""
        words = texts if texts and isinstance(texts[0], Words) else (Words(*texts),)
        super().__init__(*words, fastupdate=fastupdate, **options)


def beginnings(term: str) -> SearchQuery | None:
    """Of rows that have, for each word of the term, a word that begins so; None if there is no word in it."""
    wanted = " & ".join(f"'{word}':*" for word in words_in(term)[:10])
    return SearchQuery(wanted, config="simple", search_type="raw") if wanted else None


def looked_up(rows: QuerySet[M, tuple[R, ...]], most: int) -> list[tuple[R, ...]]:
    """At most so many of the ``values_list`` rows that have some words, in no order.

    PostgreSQL takes any beginning of a word for one in 200 rows and would, for a limit, rather walk through a whole
    table than look a rare one up. What is materialised is planned as if all of it were read, and read as far as is
    asked.
    """
    try:
        sql, values = rows.order_by().query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"WITH found AS MATERIALIZED ({sql}) SELECT * FROM found LIMIT %s", [*values, most])
        found: list[tuple[R, ...]] = cursor.fetchall()
        return found


def with_words(rows: QuerySet[M, R], words: Combinable, query: SearchQuery | None) -> QuerySet[M, R]:
    """The rows whose ``words`` (an indexed expression or column) the query matches; none without a query.

    A page of them costs little however rare they are: few are looked up by the index and ordered, of many the first in
    the list's order are soon met.
    """
    if query is None:
        return rows.none()
    matching = rows.filter(SearchVectorExact(words, query))
    few = looked_up(matching.values_list("pk"), RARE)
    return rows.filter(pk__in=[pk for (pk,) in few]) if len(few) < RARE else matching


def words_in(text: str) -> list[str]:
    """As PostgreSQL splits it: vowel signs and accents belong to the letter before them."""
    kept = (letter if letter.isalnum() or unicodedata.category(letter).startswith("M") else " " for letter in text)
    return "".join(kept).split()
