"""Products, and the categories they stand in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from commerce.lists import CategoryList, ProductList
from commerce.models import Product
from commerce.rows import ProductCategoryRow, ProductRow, category_row, product_row
from commerce.serializers import ProductActiveSerializer, ProductInputSerializer
from commerce.services import products
from config.api.envelope import ok
from config.api.errors import NotFound
from config.api.idempotency import idempotent
from config.api.permissions import Authenticated, Public
from config.api.views import APIViewSet, parse
from effects.models import Category


class ProductViewSet(APIViewSet):
    """The shop. Everyone sees what is on sale; a seller changes their own products, staff any."""

    permissions: ClassVar = {
        "list": [Public],
        "retrieve": [Public],
        "mine": [Authenticated],
        "create": [Authenticated],
        "update": [Authenticated],
        "toggle": [Authenticated],
        "destroy": [Authenticated],
    }
    lists: ClassVar = {"list": ProductList, "mine": ProductList}

    @extend_schema(responses=Sequence[ProductRow])
    def list(self, request: Request) -> Response:
        """Products on sale, of one category with ``categoryId``."""
        found = Product.objects.on_sale().select_related("seller")
        return self.list_response(request, found, row=product_row, message="Products retrieved successfully")

    @extend_schema(responses=ProductRow)
    def retrieve(self, request: Request, product_id: int) -> Response:
        product = products.find_product(user=request.user, product_id=product_id)
        return ok(product_row(product), "Product retrieved successfully")

    @extend_schema(responses=Sequence[ProductRow])
    def mine(self, request: Request) -> Response:
        """The caller's own products, on sale or not; the studio's for staff."""
        seller = None if request.user.is_administrator else request.user
        found = Product.objects.existing().filter(seller=seller).select_related("seller")
        return self.list_response(request, found, row=product_row, message="Products retrieved successfully")

    @extend_schema(request=ProductInputSerializer, responses=ProductRow)
    @idempotent
    def create(self, request: Request) -> Response:
        product = products.create_product(user=request.user, values=parse(ProductInputSerializer, request))
        return ok(product_row(product), "Product created successfully")

    @extend_schema(request=ProductInputSerializer, responses=ProductRow)
    def update(self, request: Request, product_id: int) -> Response:
        product = products.find_product(user=request.user, product_id=product_id)
        values = parse(ProductInputSerializer, request, instance=product)
        product = products.change_product(user=request.user, product=product, values=values)
        return ok(product_row(product), "Product updated successfully")

    @extend_schema(request=ProductActiveSerializer, responses=ProductRow)
    def toggle(self, request: Request, product_id: int) -> Response:
        """Put on sale or take off: the other way round, or as ``active`` says."""
        product = products.find_product(user=request.user, product_id=product_id)
        active = parse(ProductActiveSerializer, request)["active"]
        product = products.toggle_product(user=request.user, product=product, active=active)
        return ok(product_row(product), "Product updated successfully")

    @extend_schema(responses=None)
    def destroy(self, request: Request, product_id: int) -> Response:
        product = products.find_product(user=request.user, product_id=product_id)
        products.withdraw_product(user=request.user, product=product)
        return ok(None, "Product deleted successfully")


class UserCategoryViewSet(APIViewSet):
    """The shelves on which a user has something to sell."""

    permissions: ClassVar = {"list": [Authenticated]}
    lists: ClassVar = {"list": CategoryList}

    @extend_schema(responses=Sequence[ProductCategoryRow])
    def list(self, request: Request, user_id: int | None = None) -> Response:
        """Categories with the user's products: all of one's own, what is on sale of another's."""
        user_id = request.user.pk if user_id is None else user_id
        own = user_id == request.user.pk
        if not own and not User.objects.filter(pk=user_id, is_active=True).exists():
            raise NotFound("User not found")
        shown = Product.objects.existing() if own else Product.objects.on_sale()
        shown = shown.filter(seller_id=user_id).select_related("seller")
        categories = Category.objects.filter(
            kind=Category.Kind.PRODUCT, pk__in=shown.order_by().values("category_id")
        ).prefetch_related(Prefetch("products", queryset=shown))
        return self.list_response(request, categories, row=category_row, message="Categories retrieved successfully")
