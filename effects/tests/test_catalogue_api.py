"""The public catalogue over HTTP, against document B's examples."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from rest_framework.test import APIClient

from effects.models import Category, Effect

pytestmark = pytest.mark.django_db

CARTOON = {
    "id": 1,
    "name": "Cartoon Style",
    "slug": "cartoon-style",
    "description": "Transform your video into a cartoon animation.",
    "category_id": 3,
    "tags": ["cartoon", "animation", "fun"],
    "type": "video_transform",
    "thumbnail_url": "https://cdn.example.com/effects/cartoon-thumb.jpg",
    "preview_video_url": "https://cdn.example.com/effects/cartoon-preview.mp4",
    "credits_cost": 10,
    "is_active": True,
    "is_premium": False,
    "is_new": True,
}
CREATED, UPDATED = datetime(2026, 1, 15, 10, 30, tzinfo=UTC), datetime(2026, 2, 1, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()


_ids = itertools.count(100)


def make_effect(**values: Any) -> Effect:
    return Effect.objects.create(**{**CARTOON, "category_id": None, **values, "id": next(_ids)})


@pytest.fixture
def cartoon() -> Effect:
    """The document's example."""
    Category.objects.create(id=3, name="Fun", slug="fun")
    effect = Effect.objects.create(**CARTOON, popularity_score=85)
    Effect.objects.filter(pk=1).update(created_at=CREATED, updated_at=UPDATED)
    return effect


def test_the_list_is_the_documents(anonymous: APIClient, cartoon: Effect) -> None:
    assert anonymous.get("/api/effects").json() == {
        "success": True,
        "data": {
            "items": [CARTOON],
            "totalItems": 1,
            "totalPages": 1,
            "page": 1,
            "perPage": 50,
            "order": "id:asc",
            "search": "",
            "filters": {},
            "nextCursor": None,
        },
        "message": "Effects retrieved successfully",
    }


@pytest.mark.parametrize("slug_or_id", ["cartoon-style", "1"])
def test_the_detail_is_the_documents(anonymous: APIClient, cartoon: Effect, slug_or_id: str) -> None:
    body = anonymous.get(f"/api/effects/{slug_or_id}").json()
    assert body["message"] == "Effect retrieved successfully"
    assert body["data"] == {
        **CARTOON,
        "configurable_properties": [],
        "created_at": "2026-01-15T10:30:00.000000Z",
        "updated_at": "2026-02-01T08:00:00.000000Z",
    }


@pytest.mark.parametrize("slug_or_id", ["no-such", "7", "9" * 40, "a'b", "%E2%82%AC", "-1"])
def test_an_effect_that_is_not_there_is_404(anonymous: APIClient, cartoon: Effect, slug_or_id: str) -> None:
    answer = anonymous.get(f"/api/effects/{slug_or_id}")
    assert (answer.status_code, answer.json()) == (
        404,
        {"success": False, "message": "Effect not found", "code": "not_found"},
    )


def test_what_is_deleted_or_off_is_nowhere(anonymous: APIClient, cartoon: Effect) -> None:
    make_effect(slug="off", is_active=False)
    make_effect(slug="gone", deleted_at=timezone.now())
    assert [item["slug"] for item in anonymous.get("/api/effects").json()["data"]["items"]] == ["cartoon-style"]
    assert {anonymous.get(f"/api/effects/{slug}").status_code for slug in ("off", "gone")} == {404}


def test_a_missing_preview_is_null(anonymous: APIClient) -> None:
    make_effect(slug="plain", thumbnail_url="", preview_video_url="")
    item = anonymous.get("/api/effects").json()["data"]["items"][0]
    assert (item["thumbnail_url"], item["preview_video_url"]) == (None, None)


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ({"search": "OIL"}, ["oil"]),
        ({"search": "painting"}, ["oil", "watercolor"]),
        ({"search": "wet"}, ["watercolor"]),
        ({"search": "100%"}, []),
        ({"tags:=": "wet"}, ["watercolor"]),
        ({"tags:in": "wet,thick"}, ["oil", "watercolor"]),
        ({"tags:not": "wet"}, ["oil", "zoom"]),
        ({"type:=": "animation"}, ["zoom"]),
        ({"category:=": "artistic"}, ["oil"]),
        ({"credits_cost:between": "5,20"}, ["oil", "watercolor"]),
        ({"is_premium:=": "true"}, ["oil"]),
        ({"order": "popularity:desc"}, ["zoom", "oil", "watercolor"]),
        ({"order": "credits_cost:desc,name:asc"}, ["oil", "watercolor", "zoom"]),
        ({"perPage": "1", "page": "2"}, ["watercolor"]),
        ({"search": "x" * 200}, []),
    ],
)
def test_the_list_grammar(anonymous: APIClient, query: dict[str, str], slugs: list[str]) -> None:
    artistic = Category.objects.create(name="Artistic", slug="artistic")
    make_effect(
        slug="oil", name="Oil", description="A painting.", tags=["thick"], is_premium=True, credits_cost=15,
        category_id=artistic.pk, popularity_score=7,
    )  # fmt: skip
    make_effect(slug="watercolor", name="Watercolor", description="Painting, thin.", tags=["wet"], credits_cost=10)
    make_effect(
        slug="zoom", name="Zoom", description="A journey.", tags=[], type="animation", credits_cost=1, use_count=9
    )
    answer = anonymous.get("/api/effects", query)
    assert answer.status_code == 200, answer.json()
    assert [item["slug"] for item in answer.json()["data"]["items"]] == slugs


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"perPage": "0"}, "perPage"),
        ({"perPage": "201"}, "perPage"),
        ({"page": "-1"}, "page"),
        ({"order": "name"}, "order"),
        ({"order": "password:asc"}, "order"),
        ({"order": "parameters:asc"}, "order"),
        ({"parameters:=": "x"}, "parameters:="),
        ({"category__slug:=": "x"}, "category__slug:="),
        ({"credits_cost:between": "5"}, "credits_cost:between"),
        ({"created_at:between": "2026-02-30,2026-03-01"}, "created_at:between"),
        ({"type:=": "vid2vid"}, "type:="),
        ({"id:in": ",".join(map(str, range(1000)))}, "id:in"),
        ({"search": "x" * 10_000}, "search"),
        ({"search": "a\0b"}, "search"),
        ({"cursor": "forged"}, "cursor"),
    ],
)
def test_bad_list_parameters_are_named(anonymous: APIClient, query: dict[str, str], field: str) -> None:
    answer = anonymous.get("/api/effects", query)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error"), answer.json()
    assert list(answer.json()["data"]) == [field]


def test_the_number_of_queries_does_not_grow(anonymous: APIClient, django_assert_num_queries: Any) -> None:
    for number in range(30):
        make_effect(slug=f"effect-{number}")
    with django_assert_num_queries(2):
        anonymous.get("/api/effects?perPage=1")
    cache.clear()
    with django_assert_num_queries(2):
        anonymous.get("/api/effects?perPage=30")
    with django_assert_num_queries(0):
        anonymous.get("/api/effects?perPage=30")
    with django_assert_num_queries(1):
        anonymous.get("/api/effects/effect-7")


class TestCategories:
    @pytest.fixture(autouse=True)
    def _categories(self) -> None:
        dates = {"created_at": datetime(2026, 1, 10, 12, tzinfo=UTC)}
        text = "Fun effects perfect for social media."
        Category.objects.create(id=2, name="Fun & Social", slug="fun-social", description=text, sort_order=2)
        text = "Artistic and creative video transformations."
        Category.objects.create(id=1, name="Artistic", slug="artistic", description=text, sort_order=1)
        Category.objects.create(id=3, name="Credits", slug="credits", kind="product", sort_order=3)
        Category.objects.update(**dates, updated_at=dates["created_at"])

    def test_the_list_is_the_documents(self, anonymous: APIClient, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(2):
            body = anonymous.get("/api/categories", {"kind:=": "effect"}).json()
        assert body["message"] == "Categories retrieved successfully"
        assert body["data"]["items"] == [
            {
                "id": 1,
                "name": "Artistic",
                "slug": "artistic",
                "description": "Artistic and creative video transformations.",
                "sort_order": 1,
                "kind": "effect",
            },
            {
                "id": 2,
                "name": "Fun & Social",
                "slug": "fun-social",
                "description": "Fun effects perfect for social media.",
                "sort_order": 2,
                "kind": "effect",
            },
        ]
        figures = {name: body["data"][name] for name in ("totalItems", "totalPages", "page", "perPage", "filters")}
        assert figures == {
            "totalItems": 2, "totalPages": 1, "page": 1, "perPage": 50, "filters": {"kind:=": "effect"}
        }  # fmt: skip

    def test_all_kinds_without_a_filter(self, anonymous: APIClient) -> None:
        assert [row["id"] for row in anonymous.get("/api/categories").json()["data"]["items"]] == [1, 2, 3]

    @pytest.mark.parametrize("slug_or_id", ["artistic", "1"])
    def test_the_detail_is_the_documents(self, anonymous: APIClient, slug_or_id: str) -> None:
        assert anonymous.get(f"/api/categories/{slug_or_id}").json() == {
            "success": True,
            "data": {
                "id": 1,
                "name": "Artistic",
                "slug": "artistic",
                "description": "Artistic and creative video transformations.",
                "sort_order": 1,
                "kind": "effect",
                "created_at": "2026-01-10T12:00:00.000000Z",
                "updated_at": "2026-01-10T12:00:00.000000Z",
            },
            "message": "Category retrieved successfully",
        }

    def test_an_unknown_one_is_404(self, anonymous: APIClient) -> None:
        assert anonymous.get("/api/categories/nothing").json() == {
            "success": False, "message": "Category not found", "code": "not_found",
        }  # fmt: skip

    def test_by_user_id_is_no_slug(self, anonymous: APIClient) -> None:
        """It is a route of its own, which asks who is there."""
        assert anonymous.get("/api/categories/by-user-id").status_code == 401
