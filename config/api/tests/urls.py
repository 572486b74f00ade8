from django.urls import include, path

from config.api import urls as api_urls
from config.api.handlers import handler400, handler403, handler404, handler500
from config.api.routers import Router
from config.api.tests.toys import FailingView, RecordViewSet, ValuesView, WorkView, unguarded

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

router = Router()
router.route("cancelJob/<int:video_id>", RecordViewSet, {"post": "cancel_job"})
for _action in ("cached", "instances", "unsearchable", "administrate", "reign"):
    router.route(f"records/{_action}", RecordViewSet, {"get": _action})
router.route("login", RecordViewSet, {"post": "login"})
router.register("records", RecordViewSet, basename="record")

urlpatterns = [
    *api_urls.urlpatterns,
    path("api/", include(router.urls)),
    path("api/fail/<str:what>", FailingView.as_view()),
    path("api/values", ValuesView.as_view()),
    path("api/work", WorkView.as_view()),
    path("api/otherWork", WorkView.as_view()),
    path("api/plain", unguarded),
    *api_urls.catch_all,
]
