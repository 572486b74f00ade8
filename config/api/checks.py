"""Start-up checks of the rules "permissions are declared, closed by default" and "an action has a name of its own"."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.permissions import BasePermission
from rest_framework.views import APIView as DrfView

from config.api.views import APIViewSet, DeclaredActions

HTTP_METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace", "connect")


class ViewOptions(TypedDict, total=False):
    """What ``as_view`` was told that stands in place of the view's own."""

    permissions: Mapping[str, Sequence[type[BasePermission]]]
    throttles: Mapping[str, str]


@register
def check_declared_actions(app_configs: object = None, **_: object) -> list[CheckMessage]:
    """Every API view in the URLconf names permissions for each of its actions, and throttle scopes that exist."""
    found = {}
    for view, actions, options in routed_views():
        for problem in _problems(view, actions, options):
            found[problem.id, problem.msg] = problem
    return list(found.values())


def routed_views(resolver: URLResolver | None = None) -> Iterator[tuple[type[DrfView], list[str], ViewOptions]]:
    """Each DRF view of the URLconf with the actions (of a viewset) or methods (of a view) that it serves there."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from routed_views(pattern)
        elif isinstance(pattern, URLPattern):
            view = getattr(pattern.callback, "cls", None)
            if isinstance(view, type) and issubclass(view, DrfView):
                options: ViewOptions = getattr(pattern.callback, "initkwargs", ViewOptions())
                actions = getattr(pattern.callback, "actions", None)
                yield view, list(actions.values()) if actions else _methods(view), options


def _methods(view: type[DrfView]) -> list[str]:
    return [method for method in view.http_method_names if method not in ("head", "options") and hasattr(view, method)]


def _problems(view: type[DrfView], actions: list[str], options: ViewOptions) -> Iterator[CheckMessage]:
    name = f"{view.__module__}.{view.__qualname__}"
    if not issubclass(view, DeclaredActions):
        if "permission_classes" not in vars(view) | options:
            yield Error(f"{name} is not built on config.api.views, so its permissions are undeclared.", id="api.E001")
        return
    permissions = options.get("permissions", view.permissions)
    throttles = options.get("throttles", view.throttles)
    if issubclass(view, APIViewSet):
        yield from _misnamed(view, name, actions)
    for action in actions:
        if not permissions.get(action):
            yield Error(f"{name}.{action} declares no permission.", id="api.E002")
    for action in {*permissions, *throttles, *view.lists}:
        if not hasattr(view, action):
            yield Error(f"{name} declares something for {action!r}, which it does not have.", id="api.E003")
    for scope in {*throttles.values(), "api"}:
        # An empty dictionary turns every throttle off.
        if settings.THROTTLES and scope not in settings.THROTTLES:
            yield Error(f"{name} uses the throttle scope {scope!r}, which has no rate.", id="api.E004")


def _misnamed(view: type[APIViewSet], name: str, actions: list[str]) -> Iterator[CheckMessage]:
    """Names that the framework would call by itself, or that hide something of the base class."""
    for method in HTTP_METHODS:
        # OPTIONS is the framework's own, and no route of ours takes it.
        if getattr(view, method, None) is not getattr(APIViewSet, method, None):
            yield Error(f"{name}.{method} is called like an HTTP method, and would answer it.", id="api.E005")
    for action in actions:
        if action not in HTTP_METHODS and hasattr(APIViewSet, action):
            yield Error(f"{name}.{action} hides what every viewset has by that name.", id="api.E006")
