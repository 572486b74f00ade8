"""Every route of the product."""

from django.contrib import admin
from django.urls import include, path

from config.api.handlers import handler400, handler403, handler404, handler500
from config.api.urls import catch_all
from config.api.urls import urlpatterns as api_urls
from studio.console import console
from studio.views import serve_file
from studio.viewsets.videos import RenderViewSet

urlpatterns = [
    path("admin/", admin.site.urls),
    path("django-rq/", include("django_rq.urls")),
    path("deforumation-qt", console, name="console"),
    path("files/<str:token>/<str:name>", serve_file, name="file"),
    # Document A puts this one at the root.
    path("status/<int:video_id>", RenderViewSet.as_view({"get": "status"})),
    *api_urls,
    path("api/", include("accounts.urls")),
    path("api/", include("commerce.urls")),
    path("api/", include("studio.urls")),
    *catch_all,
]

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
