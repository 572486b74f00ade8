"""The studio's routes under ``/api/``."""

from django.urls import path

from studio.viewsets.ai_jobs import AiJobViewSet
from studio.viewsets.catalogue import CatalogueViewSet
from studio.viewsets.files import FileViewSet, UploadViewSet
from studio.viewsets.health import CsrfTokenView, ServiceStatusView
from studio.viewsets.job_events import JobEventsView
from studio.viewsets.jobs import RenderViewSet
from studio.viewsets.schedules import ScheduleViewSet
from studio.viewsets.settings_files import SettingsFileViewSet
from studio.viewsets.steering import SteeringViewSet
from studio.viewsets.videos import VideoViewSet

urlpatterns = [
    path("upload", UploadViewSet.as_view({"post": "create"})),
    path("generate", RenderViewSet.as_view({"post": "generate"})),
    path("finalize", RenderViewSet.as_view({"post": "finalize"})),
    path("cancelJob/<int:video_id>", RenderViewSet.as_view({"post": "cancel"})),
    path("queue", RenderViewSet.as_view({"get": "list"})),
    path("video-jobs/processing/status", RenderViewSet.as_view({"get": "processing_status"})),
    path("video-jobs/processing/queue", RenderViewSet.as_view({"get": "processing_queue"})),
    path("steering", SteeringViewSet.as_view({"get": "table"})),
    path("video-jobs/<int:job_id>/steering", SteeringViewSet.as_view({"get": "snapshot"})),
    path("video-jobs/<int:job_id>/control", SteeringViewSet.as_view({"post": "control"})),
    path("video-jobs/<int:job_id>/commands", SteeringViewSet.as_view({"get": "given", "post": "give"})),
    path("video-jobs/<int:job_id>/frames", SteeringViewSet.as_view({"get": "frames"})),
    path("video-jobs/<int:job_id>/frames/<int:frame>", SteeringViewSet.as_view({"get": "frame"})),
    path("video-jobs/<int:job_id>/record", SteeringViewSet.as_view({"get": "record"})),
    path("video-jobs/<int:job_id>/events", JobEventsView.as_view()),
    path("ai-jobs", AiJobViewSet.as_view({"get": "list", "post": "create"})),
    path("ai-jobs/estimate", AiJobViewSet.as_view({"post": "estimate"})),
    path("ai-jobs/<int:job_id>", AiJobViewSet.as_view({"get": "retrieve"})),
    path("ai-jobs/<int:job_id>/cancel", AiJobViewSet.as_view({"post": "cancel"})),
    path("videos", VideoViewSet.as_view({"get": "list", "post": "create"})),
    path("videos/uploads", FileViewSet.as_view({"post": "announce"})),
    path("videos/<int:video_id>", VideoViewSet.as_view({"get": "retrieve", "patch": "update", "delete": "destroy"})),
    path("files/<int:file_id>", FileViewSet.as_view({"get": "retrieve"})),
    path("files/<int:file_id>/complete", FileViewSet.as_view({"post": "complete"})),
    path("status", ServiceStatusView.as_view()),
    path("status/<int:video_id>", RenderViewSet.as_view({"get": "status"})),
    path("status/<str:service>", ServiceStatusView.as_view()),
    path("csrf-token", CsrfTokenView.as_view()),
    path("v1/model-files", CatalogueViewSet.as_view({"get": "model_files"})),
    path("v1/presets", CatalogueViewSet.as_view({"get": "presets"})),
    path("v1/schedules", ScheduleViewSet.as_view({"post": "numbers"})),
    path("v1/deforum-settings", SettingsFileViewSet.as_view({"post": "read"})),
    path("v1/deforum-settings/<int:video_id>", SettingsFileViewSet.as_view({"get": "write"})),
]
