"""Everything of a user's, on the page of the user: the newest rows of each kind that who looks may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.urls import reverse

from accounts.hooks import user_belongings
from accounts.models import User
from tenants.models import TenantModel

NEWEST: Final = 5


@dataclass(frozen=True)
class Table:
    """Rows of one kind; ``rows``: where each leads, and what it shows."""

    title: str
    address: str
    """Of the list with all of them."""
    heads: list[str]
    rows: list[tuple[str, list[str]]]


def belongings_of(staff: User, user: User) -> list[Table]:
    """One query per kind; kinds that ``staff`` may not view are left out."""
    found = []
    for label, asked in user_belongings.items():
        # Where the panel has no list of them, there is nothing to lead to.
        model = next((model for model in admin.site._registry if model._meta.label_lower == label), None)
        if model is None:
            continue
        app, name = model._meta.app_label, model._meta.model_name
        if not staff.has_perm(f"{app}.view_{name}"):
            continue
        address = reverse(f"admin:{app}_{name}_changelist")
        heads = [str(label_for_field(column, model)) for column in asked.columns]
        whose: dict[str, object] = {asked.user: user}
        if issubclass(model, TenantModel):
            # A user stays in one tenant, with which the indexes of these begin.
            whose["tenant"] = user.tenant_id
        rows = model._base_manager.filter(**whose).only(*asked.columns).order_by("-pk")[:NEWEST]
        shown = [
            (reverse(f"admin:{app}_{name}_change", args=[row.pk]), [_shown(row, column) for column in asked.columns])
            for row in rows
        ]
        title = str(model._meta.verbose_name_plural).capitalize()
        found.append(Table(title, f"{address}?{asked.user}__id__exact={user.pk}", heads, shown))
    return found


def _shown(row: object, column: str) -> str:
    told = getattr(row, f"get_{column}_display", None)
    value = told() if told else getattr(row, column)
    if hasattr(value, "strftime"):
        return f"{value:%Y-%m-%d %H:%M}"
    return "-" if value in (None, "") else str(value)[:120]
