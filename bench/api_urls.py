"""What the lists are measured beside: the same bytes for nothing, no cached answers, and the usual way."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from rest_framework import generics, pagination, serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from config.urls import urlpatterns as product
from effects.models import Effect
from effects.viewsets.public import EffectViewSet
from gallery.links import media_url
from gallery.models import GalleryItem
from gallery.viewsets import GalleryViewSet


def floor(request: HttpRequest, name: str) -> HttpResponse:
    """Django and the server alone: the bytes of ``/api/<name>`` from memory."""
    return HttpResponse(_bytes(name, request.headers.get("Authorization", "")), content_type="application/json")


@cache
def _bytes(name: str, credentials: str) -> bytes:
    return Client(headers={"Authorization": credentials}).get(f"/api/{name}").content


class UncachedGallery(GalleryViewSet):
    def list(self, request: Request) -> Response:
        return self.page(request, "bench")


class UncachedEffects(EffectViewSet):
    def list(self, request: Request) -> Response:
        return self.page(request, "bench")


class EffectNameSerializer(serializers.ModelSerializer[Effect]):
    class Meta:
        model = Effect
        fields = ("id", "name", "slug")


class GalleryItemSerializer(serializers.ModelSerializer[GalleryItem]):
    effect = EffectNameSerializer()
    author = serializers.CharField(source="owner.name")
    thumbnail_url = serializers.SerializerMethodField()
    processed_file_url = serializers.SerializerMethodField()

    class Meta:
        model = GalleryItem
        fields = (
            "id", "title", "thumbnail_url", "processed_file_url", "effect", "published_at", "author", "width",
            "height", "duration", "views", "likes",
        )  # fmt: skip

    def get_thumbnail_url(self, item: GalleryItem) -> str:
        return media_url(item.pk, "thumbnail")

    def get_processed_file_url(self, item: GalleryItem) -> str:
        return media_url(item.pk, "video")


class EffectSerializer(serializers.ModelSerializer[Effect]):
    class Meta:
        model = Effect
        fields = (
            "id", "name", "slug", "description", "category_id", "tags", "type", "thumbnail_url", "preview_video_url",
            "credits_cost", "is_active", "is_premium", "is_new",
        )  # fmt: skip


class Pages(pagination.PageNumberPagination):
    page_size = 50
    page_size_query_param = "perPage"


class IdiomaticGallery(generics.ListAPIView[GalleryItem]):
    """ModelSerializer, select_related, COUNT for each request."""

    queryset: QuerySet[GalleryItem] = GalleryItem.objects.public().select_related("effect", "owner")
    serializer_class: Any = GalleryItemSerializer
    pagination_class = Pages
    permission_classes: ClassVar = [AllowAny]


class IdiomaticEffects(generics.ListAPIView[Model]):
    queryset: QuerySet[Any] = Effect.objects.public()
    serializer_class: Any = EffectSerializer
    pagination_class = Pages
    permission_classes: ClassVar = [AllowAny]


urlpatterns = [
    path("floor/<path:name>", floor),
    path("uncached/gallery", UncachedGallery.as_view({"get": "list"})),
    path("uncached/effects", UncachedEffects.as_view({"get": "list"})),
    path("idiomatic/gallery", IdiomaticGallery.as_view()),
    path("idiomatic/effects", IdiomaticEffects.as_view()),
    *product,
]
