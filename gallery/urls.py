"""The gallery's routes under ``/api/``."""

from django.urls import path

from gallery.viewsets import GalleryViewSet, PublicationViewSet

urlpatterns = [
    path("gallery", GalleryViewSet.as_view({"get": "list"})),
    path("gallery/<int:item_id>", GalleryViewSet.as_view({"get": "retrieve"})),
    path("gallery/<int:item_id>/like", GalleryViewSet.as_view({"post": "like", "delete": "unlike"})),
    path("gallery/<int:item_id>/report", GalleryViewSet.as_view({"post": "report"})),
    path("gallery/<int:item_id>/remix", GalleryViewSet.as_view({"post": "remix"})),
    path("videos/<int:video_id>/publish", PublicationViewSet.as_view({"post": "publish"})),
    path("videos/<int:video_id>/unpublish", PublicationViewSet.as_view({"post": "unpublish"})),
]
