"""The pages that show the schema."""

from typing import Any

from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_page
from django.views.decorators.gzip import gzip_page
from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer2
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.permissions import Public
from config.content_policy import content_policy

_READS = ["get", "head"]


class CompactJson(OpenApiJsonRenderer2):
    def get_indent(self, *_: Any) -> None:
        return None


# Writing it takes a second of the processor, and anybody may ask. It has no secrets that its length could tell.
@method_decorator([cache_page(600), gzip_page], name="dispatch")
class SchemaView(SpectacularAPIView):
    """``/api/schema``: JSON, or YAML if ``Accept`` asks for ``application/yaml``."""

    http_method_names = _READS
    renderer_classes = (CompactJson, OpenApiYamlRenderer2)
    permission_classes = (Public,)
    throttle_classes = ()


class DocsView(SpectacularSwaggerSplitView):
    """``/api/docs``: Swagger UI from our own static files, its script apart from the page."""

    http_method_names = _READS
    permission_classes = (Public,)
    throttle_classes = ()

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().get(request, *args, **kwargs)
        response["Content-Security-Policy"] = content_policy(inline_styles=True, data_images=True)
        return response
