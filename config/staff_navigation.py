"""The staff panel's menu: every list of the site by area of work. Nobody sees what they may not open."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypedDict

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from config.staff_views import StaffView, staff_views


class Area(NamedTuple):
    title: str
    lists: dict[str, str]
    """Models by ``app.model``, and the Material symbol of each."""


class Item(TypedDict):
    title: str
    icon: str
    link: Callable[[HttpRequest], str] | str
    permission: Callable[[HttpRequest], bool]


class Group(TypedDict):
    title: str
    separator: bool
    collapsible: bool
    items: list[Item]


AREAS = (
    Area("Customers", {"accounts.user": "person", "tenants.tenant": "apartment", "accounts.auditentry": "history"}),
    Area("Support", {"support.supportrequest": "support_agent", "support.cannedanswer": "quickreply"}),
    Area(
        "Moderation",
        {"gallery.galleryreport": "flag", "gallery.galleryitem": "photo_library", "studio.blockedphrase": "block"},
    ),
    Area(
        "Money",
        {
            "commerce.financeoperation": "receipt_long",
            "commerce.order": "shopping_cart",
            "commerce.payment": "credit_card",
            "commerce.wallet": "account_balance_wallet",
            "commerce.credithold": "lock_clock",
            "commerce.invoice": "description",
            "commerce.promocode": "sell",
            "commerce.paymentevent": "webhook",
        },
    ),
    Area("Renders", {"studio.renderjob": "animation", "studio.video": "movie", "studio.mediafile": "folder"}),
    Area(
        "Catalogue",
        {
            "effects.effect": "auto_awesome",
            "effects.category": "category",
            "studio.modelfile": "neurology",
            "studio.cataloguetask": "downloading",
            "studio.preset": "tune",
            "commerce.product": "inventory_2",
            "commerce.wallettype": "toll",
        },
    ),
    Area(
        "System",
        {
            "mfa.authenticator": "key",
            "socialaccount.socialaccount": "link",
            "socialaccount.socialapp": "hub",
            "api.idempotencyrecord": "repeat",
        },
    ),
)


def navigation(request: HttpRequest) -> list[Group]:
    """The menu for the user of the request, as ``SIDEBAR["navigation"]`` of django-unfold takes it."""
    own = [
        _link("Overview", "space_dashboard", "admin:index"),
        _link("Account security", "passkey", "admin:security"),
    ]
    groups: list[Group] = [{"title": "", "separator": False, "collapsible": False, "items": own}]
    for area in AREAS:
        items = [
            *(_page(name, page) for name, page in staff_views.items() if page.title and page.area == area.title),
            *(_item(label, icon) for label, icon in area.lists.items()),
        ]
        if any(item["permission"](request) for item in items):
            groups.append({"title": area.title, "separator": True, "collapsible": False, "items": items})
    return groups


def _link(title: str, icon: str, view: str) -> Item:
    return {"title": title, "icon": icon, "link": reverse(view), "permission": lambda _: True}


def _page(name: str, page: StaffView) -> Item:
    return {
        "title": page.title,
        "icon": page.icon,
        "link": reverse(f"admin:{name}"),
        "permission": lambda request: request.user.has_perm(page.permission),
    }


def _item(label: str, icon: str) -> Item:
    model, page = next(
        (model, page) for model, page in admin.site._registry.items() if model._meta.label_lower == label
    )
    return {
        "title": str(model._meta.verbose_name_plural).capitalize(),
        "icon": icon,
        "link": reverse(f"admin:{label.replace('.', '_')}_changelist"),
        # Not the method itself: unfold copies the menu, and would copy the page with it.
        "permission": lambda request: page.has_view_permission(request),
    }
