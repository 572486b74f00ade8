from django.urls import include, path
from rest_framework.routers import SimpleRouter

from config.api import urls as api_urls
from config.api.handlers import handler400, handler403, handler404, handler500
from config.api.tests.toys import FailingView, RecordViewSet, ValuesView, WorkView, unguarded

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("records", RecordViewSet, basename="record")

urlpatterns = [
    *api_urls.urlpatterns,
    path("api/cancelJob/<int:video_id>", RecordViewSet.as_view({"post": "cancel_job"})),
    *(
        path(f"api/records/{action}", RecordViewSet.as_view({"get": action}))
        for action in ("cached", "instances", "unsearchable", "administrate", "reign")
    ),
    path("api/login", RecordViewSet.as_view({"post": "login"})),
    path("api/", include(router.urls)),
    path("api/fail/<str:what>", FailingView.as_view()),
    path("api/values", ValuesView.as_view()),
    path("api/work", WorkView.as_view()),
    path("api/otherWork", WorkView.as_view()),
    path("api/plain", unguarded),
    *api_urls.catch_all,
]
