"""How the staff's site finds rows of a table of any size: each way to find some is a statement of its own, served by an
index and limited to a page, and what they find is put together.

``search_fields`` of a page of staff names the ways:

==========  ============================================================================================
``=name``   this value: numbers, addresses, request ids. Needs an index.
``@``       words that begin so, by the model's ``WordsIndex`` or search column.
``owner``   a foreign key to a user: whoever has these words in address or name, or whose tenant has this domain.
``title``   a text, or one of a related row: a part of it, among the newest ``REACH`` rows.
==========  ============================================================================================
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.postgres.search import SearchVectorExact, SearchVectorField
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import Q, QuerySet

from config.words import WordsIndex, beginnings
from tenants.models import is_tenant_model

REACH = 20_000
"""Rows that are looked at one by one where no index helps."""
PEOPLE = 20
"""Whose rows are looked for, at most."""

Rows = QuerySet[Any, Any]


def find(rows: Rows, ways: tuple[str, ...], term: str, *, near: Q, limit: int) -> Rows:
    """The first ``limit`` of the ordered ``rows`` that the term names, in that order.

    near: the condition of what is looked at where no index helps.
    """
    term = term.replace("\0", "").strip()
    if not term:
        return rows
    order = rows.query.order_by or ("-pk",)
    plain = plain_ways(rows.model, ways)
    found = [condition for way in ways if way not in plain for condition in _conditions(rows.model, way, term)]
    if plain:
        parts = Q()
        for word in term.split()[:10]:
            parts &= Q.create([(f"{way}__icontains", word) for way in plain], connector=Q.OR)
        found.append(near & parts)
    arms = [rows.filter(condition).order_by(*order).values_list("pk")[:limit] for condition in found]
    if not arms:
        return rows.none()
    united = arms[0].union(*arms[1:], all=True) if len(arms) > 1 else arms[0]
    return rows.filter(pk__in={pk for (pk,) in united})


def plain_ways(model: type[models.Model], ways: tuple[str, ...]) -> list[str]:
    """Those that no index serves."""
    return [way for way in ways if way[0] not in "=@" and not _leads_to_people(model, way)]


def find_people(term: str) -> list[tuple[int, int]]:
    """Users, and their tenants, whom a term names: by the whole address, or by words of it and of the name, or by the
    domain of their tenant."""
    users = get_user_model()._base_manager.order_by("-pk").values_list("pk", "tenant_id")
    if exact := list(users.filter(email=term.lower())):
        return exact
    conditions = [*_conditions(users.model, "=tenant__domain", term.lower()), *_words(users.model, term)]
    found = [person for condition in conditions for person in users.filter(condition)[:PEOPLE]]
    return list(dict.fromkeys(found))[:PEOPLE]


def _conditions(model: type[models.Model], way: str, term: str) -> list[Q]:
    """One for each statement."""
    if way == "@":
        return _words(model, term)
    if way[0] == "=":
        name, _, rest = way[1:].partition("__")
        field: Any = model._meta.get_field(name)
        if rest:
            related = field.related_model._base_manager
            found = [
                related.filter(condition)[:PEOPLE] for condition in _conditions(field.related_model, f"={rest}", term)
            ]
            return [Q(**{f"{name}__in": [row.pk for rows in found for row in rows]})] if any(found) else []
        target: Any = field.target_field if field.is_relation else field
        try:
            value = target.to_python(term.lower() if isinstance(target, models.EmailField) else term)
            target.run_validators(value)
        except ValidationError:
            return []
        return [Q(**{field.attname: value})]
    # Nobody changes the tenant: with it, the indexes of what belongs to one are found.
    belongs = is_tenant_model(model)
    return [Q(tenant=tenant, **{way: pk}) if belongs else Q(**{way: pk}) for pk, tenant in find_people(term)]


def _words(model: type[models.Model], term: str) -> list[Q]:
    query = beginnings(term)
    if query is None:
        return []
    for index in model._meta.indexes:
        if isinstance(index, WordsIndex):
            return [Q(SearchVectorExact(*index.expressions, query))]
    # A column of its own.
    columns: list[Any] = model._meta.concrete_fields
    vector = next(c for c in columns if isinstance(getattr(c, "output_field", c), SearchVectorField))
    return [Q(**{vector.name: query})]


def _leads_to_people(model: type[models.Model], way: str) -> bool:
    try:
        field = model._meta.get_field(way)
    except FieldDoesNotExist:
        return False
    return bool(field.is_relation) and field.related_model is get_user_model()
