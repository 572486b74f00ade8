"""What the schema says in words. Each app tells it of its own operations, in a module ``documentation``::

    TAGS = {"Videos": "What you have made."}
    OPERATIONS = [
        Operation(
            "GET /api/videos/{video_id}",
            "Videos",
            "Get a video",
            "One of your own videos, with links that work for an hour.",
            codes="not_owner",
        )
    ]
    EXAMPLES = {"Video.title": "Harbour at dawn"}

Written for whoever calls the API; how the code does it is said in the code. Shapes, parameters and the errors that
every operation of a kind has come from the code, see ``config.api.schema``.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any, TypeAlias

from django.apps import apps
from django.utils.module_loading import module_has_submodule

Schema: TypeAlias = dict[str, Any]
"""A part of an OpenAPI document: what a member holds depends on its name."""


@dataclass(frozen=True)
class Operation:
    """``routes``: ``METHOD /path`` as in the schema, several with commas between where they are one and the same.

    codes: error codes besides those of every such operation, with spaces between; each of ``config.api.codes``.
    request: members of the request's example beyond the required ones, or in place of the made-up ones.
    answer: members of the answer's ``data`` in place of the made-up ones.
    """

    routes: str
    tag: str
    summary: str
    description: str
    codes: str = ""
    request: Mapping[str, object] = field(default_factory=dict)
    answer: Mapping[str, object] = field(default_factory=dict)

    def names(self) -> list[str]:
        return [route.strip() for route in self.routes.split(",")]


@functools.cache
def operations() -> dict[str, Operation]:
    """By ``METHOD /path``. Raises ValueError for a route that is told of twice."""
    found: dict[str, Operation] = {}
    for module in _modules():
        for operation in module.OPERATIONS:
            for name in operation.names():
                if name in found:
                    raise ValueError(f"{name} is documented twice")
                found[name] = operation
    return found


@functools.cache
def tags() -> dict[str, str]:
    """Every tag with its description, in the order of the apps."""
    return {name: text for module in _modules() for name, text in module.TAGS.items()}


@functools.cache
def values() -> dict[str, object]:
    """What examples say, by ``Component.field`` or ``field``."""
    return {name: value for module in _modules() for name, value in module.EXAMPLES.items()}


def _modules() -> list[ModuleType]:
    return [
        import_module(f"{app.name}.documentation")
        for app in apps.get_app_configs()
        if app.module is not None and app.name != "config.api" and module_has_submodule(app.module, "documentation")
    ]
