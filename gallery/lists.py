"""What the gallery can be filtered, searched and ordered by."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.search import SearchQuery
from django.db.models import F, QuerySet

from config.api.filters import DateTime, Int, ListSpec, Str
from config.platform.words import with_words, words_in
from effects.lists import Tag


class GalleryList(ListSpec):
    filters: ClassVar = {
        "id": Int(),
        "effect_id": Int(),
        "effect": Str("effect_slug"),
        "category_id": Int(),
        "tags": Tag(),
        "published_at": DateTime(),
        "likes": Int(),
        "views": Int(),
    }
    order = ("published_at", "popularity", "id")
    default_order = "published_at:desc"
    feed = ("published_at", "popularity", "id")
    count_ttl = 300

    @classmethod
    def apply_search(cls, queryset: QuerySet[Any, Any], text: str) -> QuerySet[Any, Any]:
        """Every word begins a word of the title, the effect's name, a tag or the category, in any case."""
        prefixes = " & ".join(f"'{word}':*" for word in words_in(text))
        query = SearchQuery(prefixes, search_type="raw", config="simple") if prefixes else None
        return with_words(queryset, F("search"), query)
