"""The catalogue's routes under ``/api/``."""

from django.urls import path

from effects.viewsets.public import CategoryViewSet, EffectViewSet
from effects.viewsets.staff import StaffCategoryViewSet, StaffEffectViewSet

_one = {"patch": "update", "delete": "destroy"}
_all = {"get": "list", "post": "create"}

urlpatterns = [
    path("effects", EffectViewSet.as_view({"get": "list"})),
    path("effects/<str:slug_or_id>", EffectViewSet.as_view({"get": "retrieve"})),
    path("categories", CategoryViewSet.as_view({"get": "list"})),
    path("admin/effects", StaffEffectViewSet.as_view(_all)),
    path("admin/effects/<int:effect_id>", StaffEffectViewSet.as_view(_one)),
    path("admin/effects/<int:effect_id>/restore", StaffEffectViewSet.as_view({"post": "restore"})),
    path("admin/categories", StaffCategoryViewSet.as_view(_all)),
    path("admin/categories/<int:category_id>", StaffCategoryViewSet.as_view(_one)),
]

# Matched after commerce, whose categories/by-user-id would be read as a slug here.
slug_urlpatterns = [path("categories/<str:slug_or_id>", CategoryViewSet.as_view({"get": "retrieve"}))]
