"""Words of a row's texts, as an expression to index and to search: case, and what stands between, don't matter."""

from __future__ import annotations

import re
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import Func, TextField, Value
from django.db.models.functions import Concat

_BETWEEN = "@._-+/:,;"
"""PostgreSQL would take an address as one word."""


class Words(Func):
    """``to_tsvector`` of some text columns, none of them null."""

    function = "to_tsvector"
    template = f"%(function)s('simple'::regconfig, translate(%(expressions)s, '{_BETWEEN}', '{' ' * len(_BETWEEN)}'))"
    output_field = SearchVectorField()

    def __init__(self, *columns: Any, **extra: Any) -> None:
        if len(columns) > 1:
            parts = [part for column in columns for part in (Value(" "), column)][1:]
            columns = (Concat(*parts, output_field=TextField()),)
        super().__init__(*columns, **extra)


class WordsIndex(GinIndex):
    """By which ``words_of`` finds the rows of a model."""

    # Rows are read at once: what waits in a list to be indexed is read in full by every search.
    def __init__(self, *texts: Any, fastupdate: bool = False, **options: Any) -> None:
        """texts: names of the columns."""
        words = texts if texts and isinstance(texts[0], Words) else (Words(*texts),)
        super().__init__(*words, fastupdate=fastupdate, **options)


def beginnings(term: str) -> SearchQuery | None:
    """Of rows that have, for each word of the term, a word that begins so; None if there is no word in it."""
    words = re.findall(r"\w+", term.replace("_", " ").replace("\0", " "))[:10]
    return SearchQuery(" & ".join(f"{word}:*" for word in words), config="simple", search_type="raw") if words else None
