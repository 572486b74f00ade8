"""The studio's routes under ``/api/``."""

from django.urls import path

from studio.viewsets.catalogue import CatalogueViewSet
from studio.viewsets.health import CsrfTokenView, ServiceStatusView
from studio.viewsets.videos import RenderViewSet, UploadViewSet

urlpatterns = [
    path("upload", UploadViewSet.as_view({"post": "create"})),
    path("generate", RenderViewSet.as_view({"post": "generate"})),
    path("finalize", RenderViewSet.as_view({"post": "finalize"})),
    path("cancelJob/<int:video_id>", RenderViewSet.as_view({"post": "cancel"})),
    path("queue", RenderViewSet.as_view({"get": "list"})),
    path("video-jobs/processing/status", RenderViewSet.as_view({"get": "processing_status"})),
    path("video-jobs/processing/queue", RenderViewSet.as_view({"get": "processing_queue"})),
    path("status", ServiceStatusView.as_view()),
    path("status/<int:video_id>", RenderViewSet.as_view({"get": "status"})),
    path("status/<str:service>", ServiceStatusView.as_view()),
    path("csrf-token", CsrfTokenView.as_view()),
    path("v1/model-files", CatalogueViewSet.as_view({"get": "model_files"})),
    path("v1/presets", CatalogueViewSet.as_view({"get": "presets"})),
]
