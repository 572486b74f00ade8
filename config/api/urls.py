"""The schema, its offline docs, and what answers for routes that don't exist.

The root URLconf includes ``urlpatterns`` at the root, ends with ``*catch_all``, and takes its ``handler400`` ...
``handler500`` from ``config.api.handlers``.
"""

from django.urls import path, re_path

from config.api.docs import DocsView, SchemaView
from config.api.handlers import no_such_route

urlpatterns = [
    path("api/schema", SchemaView.as_view(), name="api-schema"),
    path("api/docs", DocsView.as_view(url_name="api-schema"), name="api-docs"),
]

catch_all = [re_path(r"^(?:api|status)(?:/|$)", no_such_route)]
