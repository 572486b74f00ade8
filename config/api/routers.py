"""URLs exactly as documented: no trailing slash, nothing redirected, camelCase where the documents have it."""

from collections.abc import Mapping
from typing import Any

from django.urls import URLPattern, path
from rest_framework.routers import SimpleRouter

from config.api.views import APIViewSet


class Router(SimpleRouter):
    """``register`` makes REST routes, ``route`` names one path exactly and is matched before them.

    Both take Django's path converters; ``lookup_value_converter = "int"`` on a viewset types the key of its routes::

    router = Router()
    router.route("cancelJob/<int:video_id>", VideoViewSet, {"post": "cancel"})
    router.register("videos", VideoViewSet, basename="video")
    """

    def __init__(self) -> None:
        super().__init__(trailing_slash=False, use_regex_path=False)
        self._exact: list[URLPattern] = []

    def route(
        self,
        pattern: str,
        viewset: type[APIViewSet],
        actions: Mapping[str, str],
        *,
        name: str | None = None,
        **options: Any,
    ) -> None:
        """``actions`` maps HTTP methods to the viewset's actions; ``options`` are set on the viewset."""
        self._exact.append(path(pattern, viewset.as_view(dict(actions), **options), name=name))

    def get_urls(self) -> list[URLPattern]:
        return [*self._exact, *super().get_urls()]
