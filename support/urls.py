"""Support's routes under ``/api/``."""

from django.urls import path

from support.viewsets import StaffSupportViewSet, SupportMessageViewSet, SupportRequestViewSet

urlpatterns = [
    path("support-request", SupportRequestViewSet.as_view({"post": "create"})),
    path("support-request/status-update", SupportRequestViewSet.as_view({"patch": "update_status"})),
    path("support-request/<int:request_id>", SupportRequestViewSet.as_view({"get": "retrieve"})),
    path("support-requests", SupportRequestViewSet.as_view({"post": "search"})),
    path("support-request-messages/<int:request_id>", SupportMessageViewSet.as_view({"get": "list"})),
    path("send-support-request-message", SupportMessageViewSet.as_view({"post": "create"})),
    path("administration/support-requests", StaffSupportViewSet.as_view({"post": "search"})),
]
