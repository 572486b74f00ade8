"""The pages that show the schema."""

from typing import Any

from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_page
from django.views.decorators.gzip import gzip_page
from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer2
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from config.api.permissions import Public


class CompactJson(OpenApiJsonRenderer2):
    def get_indent(self, *_: Any) -> None:
        return None


# Writing it takes a second of the processor, and anybody may ask. It has no secrets that its length could tell.
@method_decorator([cache_page(600), gzip_page], name="dispatch")
class SchemaView(SpectacularAPIView):
    """``/api/schema``: JSON, or YAML if ``Accept`` asks for ``application/yaml``."""

    renderer_classes = (CompactJson, OpenApiYamlRenderer2)
    permission_classes = (Public,)
    throttle_classes = ()


class DocsView(SpectacularSwaggerView):
    """``/api/docs``: Swagger UI from our own static files."""

    permission_classes = (Public,)
    throttle_classes = ()
