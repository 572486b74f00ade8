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

from collections.abc import Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.postgres.search import SearchVectorExact, SearchVectorField
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import F, Q, QuerySet

from config.platform.words import WordsIndex, beginnings, looked_up
from tenants.models import is_tenant_model

REACH = 20_000
"""Rows that are looked at one by one where no index helps."""
MATCHES = 2_000
"""Rows that have the words, at most: of more, it is any of them that are ordered and shown."""
PEOPLE = 20
"""Whose rows are looked for, at most."""

Rows = QuerySet[models.Model, Any]


def find(rows: Rows, ways: Sequence[str], term: str, *, near: Q, limit: int) -> Rows:
    """The first ``limit`` of the ordered ``rows`` that the term names, in that order.

    near: the condition of what is looked at where no index helps.
    """
    term = term.replace("\0", "").strip()
    if not term:
        return rows
    order = rows.query.order_by or ("-pk",)
    plain = plain_ways(rows.model, ways)
    found = [condition for way in ways if way[0] == "=" for condition in _equal(rows.model, way[1:], term)]
    found += [Q(pk__in=[pk for (pk,) in _with_words(rows, term, "pk")]) for way in ways if way == "@"]
    if to_people := [way for way in ways if _leads_to_people(rows.model, way)]:
        people = find_people(term)
        found += [condition for way in to_people for condition in _of_people(rows.model, way, people)]
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


def plain_ways(model: type[models.Model], ways: Sequence[str]) -> list[str]:
    """Those that no index serves."""
    return [way for way in ways if way[0] not in "=@" and not _leads_to_people(model, way)]


def find_people(term: str) -> list[tuple[int, int]]:
    """Users, and their tenants, whom a term names: by the whole address, or by words of it and of the name, or by the
    domain of their tenant."""
    users = get_user_model()._base_manager.order_by("-pk").values_list("pk", "tenant_id")
    if exact := list(users.filter(email=term.lower())):
        return exact
    found = [
        person for of in _equal(users.model, "tenant__domain", term.lower()) for person in users.filter(of)[:PEOPLE]
    ]
    found += sorted(_with_words(users, term, "pk", "tenant_id"), reverse=True)
    return list(dict.fromkeys(found))[:PEOPLE]


def _equal(model: type[models.Model], name: str, term: str) -> list[Q]:
    """That the column, or one of the row that it refers to, has the value; nothing if it can't have it."""
    name, _, rest = name.partition("__")
    field: Any = model._meta.get_field(name)
    if rest:
        related = [field.related_model._base_manager.filter(equal) for equal in _equal(field.related_model, rest, term)]
        return [Q(**{f"{name}__in": list(rows.values_list("pk", flat=True)[:PEOPLE])}) for rows in related]
    target: Any = field.target_field if field.is_relation else field
    try:
        value = target.to_python(term.lower() if isinstance(target, models.EmailField) else term)
        target.run_validators(value)
    except ValidationError:
        return []
    return [Q(**{field.attname: value})]


def _of_people(model: type[models.Model], way: str, people: list[tuple[int, int]]) -> list[Q]:
    """One for each of them. Nobody changes the tenant: with it, the indexes of what belongs to one serve."""
    belongs = is_tenant_model(model)
    return [Q(tenant=tenant, **{way: pk}) if belongs else Q(**{way: pk}) for pk, tenant in people]


def _with_words(rows: Rows, term: str, *columns: str) -> list[tuple[Any, ...]]:
    """Columns of the rows that have the words, in no order."""
    query = beginnings(term)
    if query is None:
        return []
    indexes = (index for index in rows.model._meta.indexes if isinstance(index, WordsIndex))
    match = [SearchVectorExact(index.expressions[0], query) for index in indexes]
    if not match:
        # A column of its own.
        fields = rows.model._meta.concrete_fields
        vector = next(f for f in fields if isinstance(getattr(f, "output_field", f), SearchVectorField))
        match = [SearchVectorExact(F(vector.name), query)]
    return looked_up(rows.filter(*match).values_list(*columns), MATCHES)


def _leads_to_people(model: type[models.Model], way: str) -> bool:
    try:
        field = model._meta.get_field(way)
    except FieldDoesNotExist:
        return False
    return bool(field.is_relation) and field.related_model is get_user_model()
