"""The pages that show the schema."""

import threading
from typing import ClassVar

from django.conf import settings
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_page
from django.views.decorators.gzip import gzip_page
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer2
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.permissions import Public
from config.platform.content_policy import content_policy

_READS = ["get", "head"]


class SchemaOnce(SchemaGenerator):
    """The schema, written once in a process, which takes a second, and by one thread: loading what writes it is not
    safe for several.
    """

    _lock = threading.Lock()
    _written: ClassVar[dict[str, dict[str, object]]] = {}

    def get_schema(self, request: Request | None = None, public: bool = False) -> dict[str, object]:
        with self._lock:
            # One of the routes in force: tests have others.
            if settings.ROOT_URLCONF not in self._written:
                self._written[settings.ROOT_URLCONF] = super().get_schema(request=None, public=True)
            return self._written[settings.ROOT_URLCONF]


class CompactJson(OpenApiJsonRenderer2):
    def get_indent(self, *_: object) -> None:
        return None


# Anybody may ask. It has no secrets that its length could tell.
@method_decorator([cache_page(600), gzip_page], name="dispatch")
class SchemaView(SpectacularAPIView):
    """``/api/schema``: JSON, or YAML if ``Accept`` asks for ``application/yaml``."""

    http_method_names = _READS
    generator_class = SchemaOnce
    renderer_classes = (CompactJson, OpenApiYamlRenderer2)
    permission_classes = (Public,)
    throttle_classes = ()


class DocsView(SpectacularSwaggerSplitView):
    """``/api/docs``: Swagger UI from our own static files, its script apart from the page."""

    http_method_names = _READS
    permission_classes = (Public,)
    throttle_classes = ()

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        response = super().get(request, *args, **kwargs)
        response["Content-Security-Policy"] = content_policy(inline_styles=True, data_images=True)
        return response
