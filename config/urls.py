"""Every route of the product."""

from django.contrib import admin
from django.urls import include, path

from accounts.views import accept_invitation, reset_password, verify_email
from config.api.handlers import handler400, handler403, handler404, handler500
from config.api.urls import catch_all
from config.api.urls import urlpatterns as api_urls
from effects.urls import slug_urlpatterns
from effects.views import serve_preview
from gallery.views import gallery, serve_media
from studio.console import console
from studio.views import receive_file, serve_file, serve_frame, serve_thumbnail
from studio.viewsets.jobs import RenderViewSet
from support.views import follow_request

urlpatterns = [
    path("admin/", admin.site.urls),
    path("django-rq/", include("config.queue_pages")),
    path("invitation", accept_invitation, name="invitation"),
    path("reset-password", reset_password, name="reset-password"),
    path("verify-email", verify_email, name="verify-email"),
    path("deforumation-qt", console, name="console"),
    path("gallery", gallery, name="gallery"),
    path("gallery/media/<int:item_id>/<str:name>", serve_media, name="gallery-media"),
    path("effects/media/<str:name>", serve_preview, name="effect-media"),
    path("files/<str:token>/<str:name>", serve_file, name="file"),
    path("frames/<str:token>", serve_frame, name="frame"),
    path("frames/<str:token>/<int:frame>", serve_thumbnail, name="thumbnail"),
    path("support/requests/<str:token>", follow_request, name="support-request"),
    path("uploads/<str:token>", receive_file, name="upload"),
    # Document A puts this one at the root.
    path("status/<int:video_id>", RenderViewSet.as_view({"get": "status"})),
    *api_urls,
    # The public lists come first: whoever is asked most is found soonest.
    path("api/", include("gallery.urls")),
    path("api/", include("effects.urls")),
    path("api/", include("accounts.urls")),
    path("api/", include("commerce.urls")),
    path("api/", include(slug_urlpatterns)),
    path("api/", include("studio.urls")),
    path("api/", include("messaging.urls")),
    path("api/", include("support.urls")),
    *catch_all,
]

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
