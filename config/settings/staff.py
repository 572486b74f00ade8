"""The staff panel's look: django-unfold, https://unfoldadmin.com/docs/configuration/settings/."""

from __future__ import annotations

from django.templatetags.static import static
from django.urls import reverse_lazy

from config.settings.environment import env

STAFF_EXPORT_SECONDS = env.whole("STAFF_EXPORT_SECONDS", 900)
"""An export of a list breaks off after so long."""

FIGURES_SECONDS = env.number("FIGURES_SECONDS", 30.0, least=0)
"""Sums on the overview are as old as that at most."""

UNFOLD = {
    "SITE_TITLE": "Mage AI Studio",
    "SITE_HEADER": "Mage AI Studio",
    "SITE_SYMBOL": "movie_filter",
    "SITE_URL": "/deforumation-qt",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("console/mark.svg")}],
    "STYLES": [lambda request: static("staff/staff.css")],
    "SCRIPTS": [lambda request: static("staff/alpine.js"), lambda request: static("staff/names.js")],
    "SHOW_BACK_BUTTON": True,
    "COMMAND": {"search_models": False, "show_history": False},
    "SIDEBAR": {"show_search": True, "command_search": True, "navigation": "config.staff_navigation.navigation"},
    "ACCOUNT": {
        "navigation": [
            {"title": "Password", "link": reverse_lazy("admin:password_change")},
        ]
    },
}
