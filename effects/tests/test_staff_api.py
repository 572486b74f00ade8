"""The catalogue as administrators keep it, against document B's examples and error tables."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import User
from config.api.errors import ValidationFailed
from effects import services
from effects.models import Category, Effect
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

OIL = {
    "name": "Oil Painting",
    "slug": "oil-painting",
    "type": "video_transform",
    "credits_cost": 15,
    "is_active": True,
    "is_premium": True,
    "is_new": True,
    "popularity_score": 50,
    "description": "Transform your video into an oil painting masterpiece.",
    "tags": ["art", "painting", "classic"],
}
REQUIRED = ("name", "slug", "type", "credits_cost", "is_active", "is_premium", "is_new", "popularity_score")
MISSING = 10**6


@pytest.fixture
def staff(make_user: UserFactory, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(make_user(role=User.Role.ADMINISTRATOR))


@pytest.fixture
def category() -> Category:
    return Category.objects.create(name="Artistic", slug="artistic")


@pytest.fixture
def effect() -> Effect:
    return services.create_effect(values=OIL)


ROUTES = [
    ("get", "/api/admin/effects"),
    ("post", "/api/admin/effects"),
    ("patch", f"/api/admin/effects/{MISSING}"),
    ("delete", f"/api/admin/effects/{MISSING}"),
    ("post", f"/api/admin/effects/{MISSING}/restore"),
    ("get", "/api/admin/categories"),
    ("post", "/api/admin/categories"),
    ("patch", f"/api/admin/categories/{MISSING}"),
    ("delete", f"/api/admin/categories/{MISSING}"),
    ("get", "/api/admin/users"),
    ("get", f"/api/admin/users/{MISSING}"),
]


@pytest.mark.parametrize(("method", "url"), ROUTES)
def test_staff_alone_may(anonymous: APIClient, api: APIClient, method: str, url: str) -> None:
    assert [getattr(client, method)(url).status_code for client in (anonymous, api)] == [401, 403]


@pytest.mark.parametrize(("method", "url"), [route for route in ROUTES if str(MISSING) in route[1]])
def test_what_is_not_there_is_404(staff: APIClient, method: str, url: str) -> None:
    answer = getattr(staff, method)(url, {})
    noun = "User" if "users" in url else "Effect" if "effects" in url else "Category"
    assert (answer.status_code, answer.json()["message"]) == (404, f"{noun} not found")


class TestCreate:
    def test_the_answer_is_the_documents(self, staff: APIClient, category: Category) -> None:
        answer = staff.post("/api/admin/effects", {**OIL, "category_id": category.pk})
        body = answer.json()
        assert (answer.status_code, body["message"]) == (200, "Effect created successfully"), body
        effect = Effect.objects.get()
        assert {name: body["data"][name] for name in OIL} == OIL
        assert (body["data"]["id"], body["data"]["category_id"]) == (effect.pk, category.pk)
        assert body["data"]["created_at"].endswith("Z")
        assert effect.workflow == "vid2vid"

    @pytest.mark.parametrize("missing", REQUIRED)
    def test_each_required_field(self, staff: APIClient, missing: str) -> None:
        answer = staff.post("/api/admin/effects", {name: value for name, value in OIL.items() if name != missing})
        assert (answer.status_code, answer.json()) == (
            422,
            {
                "success": False,
                "message": "Validation Error",
                "code": "validation_error",
                "data": {missing: [f"The {missing.replace('_', ' ')} field is required."]},
            },
        )
        assert not Effect.objects.exists()

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"name": "x" * 256}, "name"),
            ({"slug": "x" * 256}, "slug"),
            ({"slug": "Öl Gemälde"}, "slug"),
            ({"slug": "42"}, "slug"),
            ({"type": "vid2vid"}, "type"),
            ({"credits_cost": -1}, "credits_cost"),
            ({"credits_cost": 1.5}, "credits_cost"),
            ({"credits_cost": 2**31}, "credits_cost"),
            ({"popularity_score": "many"}, "popularity_score"),
            ({"popularity_score": -1}, "popularity_score"),
            ({"is_active": "perhaps"}, "is_active"),
            ({"category_id": MISSING}, "category_id"),
            ({"category_id": 10**30}, "category_id"),
            ({"model_id": MISSING}, "model_id"),
            ({"tags": "art"}, "tags"),
            ({"tags": ["x" * 65]}, "tags.0"),
            ({"tags": ["x"] * 51}, "tags"),
            ({"thumbnail_url": "javascript:alert(1)"}, "thumbnail_url"),
            ({"name": "a\0b"}, "name"),
            ({"parameters": {"shell": "rm"}}, "parameters"),
            ({"parameters": {"prompt": "{{subject}}"}}, "parameters"),
            ({"configurable_properties": [{"key": "a b", "type": "text"}]}, "configurable_properties"),
        ],
    )
    def test_bad_values_are_named(self, staff: APIClient, change: dict[str, Any], field: str) -> None:
        answer = staff.post("/api/admin/effects", {**OIL, **change})
        assert (answer.status_code, list(answer.json()["data"])) == (422, [field]), answer.json()
        assert not Effect.objects.exists()

    def test_a_product_category_is_none_for_effects(self, staff: APIClient) -> None:
        shelf = Category.objects.create(name="Credits", slug="credits", kind="product")
        answer = staff.post("/api/admin/effects", {**OIL, "category_id": shelf.pk})
        assert answer.json()["data"] == {"category_id": ["The selected category id is invalid."]}

    @pytest.mark.parametrize("deleted", [False, True])
    def test_a_slug_is_taken_by_a_deleted_effect_too(self, staff: APIClient, effect: Effect, deleted: bool) -> None:
        if deleted:
            services.delete_effect(effect)
        answer = staff.post("/api/admin/effects", OIL)
        assert (answer.status_code, answer.json()["data"]) == (422, {"slug": ["The slug has already been taken."]})

    def test_nulls_are_allowed_where_the_document_says_so(self, staff: APIClient) -> None:
        nullable = ("description", "category_id", "tags", "thumbnail_url", "preview_video_url")
        answer = staff.post("/api/admin/effects", {**OIL, **dict.fromkeys(nullable)})
        data = answer.json()["data"]
        assert [data[name] for name in nullable] == [None, None, [], None, None]

    def test_what_is_not_a_field_is_ignored(self, staff: APIClient) -> None:
        staff.post("/api/admin/effects", {**OIL, "use_count": 999, "id": 77, "deleted_at": "2026-01-01"})
        effect = Effect.objects.get()
        assert (effect.use_count, effect.pk == 77, effect.deleted_at) == (0, False, None)


class TestChange:
    def test_only_what_is_sent_changes(self, staff: APIClient, effect: Effect) -> None:
        answer = staff.patch(f"/api/admin/effects/{effect.pk}", {"credits_cost": 20, "is_new": False})
        body = answer.json()
        assert (answer.status_code, body["message"]) == (200, "Effect updated successfully")
        assert {name: body["data"][name] for name in OIL} == {**OIL, "credits_cost": 20, "is_new": False}
        assert body["data"]["updated_at"] > body["data"]["created_at"]

    def test_another_ones_slug_is_taken(self, staff: APIClient, effect: Effect) -> None:
        other = services.create_effect(values={**OIL, "slug": "other"})
        answer = staff.patch(f"/api/admin/effects/{other.pk}", {"slug": "oil-painting", "name": "New"})
        assert (answer.status_code, list(answer.json()["data"])) == (422, ["slug"])
        other.refresh_from_db()
        assert (other.slug, other.name) == ("other", "Oil Painting")
        assert staff.patch(f"/api/admin/effects/{other.pk}", {"slug": "other"}).status_code == 200

    def test_a_change_does_not_undo_a_deletion_at_the_same_time(self, effect: Effect) -> None:
        stale = Effect.objects.get()
        services.delete_effect(effect)
        services.update_effect(stale, changes={"name": "Late"})
        assert Effect.objects.get().is_deleted

    def test_delete_and_restore(self, staff: APIClient, anonymous: APIClient, effect: Effect) -> None:
        url = f"/api/admin/effects/{effect.pk}"
        answer = staff.delete(url)
        assert (answer.status_code, answer.json()) == (
            200, {"success": True, "data": None, "message": "Effect deleted successfully"},
        )  # fmt: skip
        assert anonymous.get("/api/effects/oil-painting").status_code == 404
        assert [staff.delete(url).status_code, staff.patch(url, {}).status_code] == [404, 404]
        assert staff.post(f"{url}/restore").json()["data"]["deleted_at"] is None
        assert staff.post(f"{url}/restore").status_code == 200
        assert anonymous.get("/api/effects/oil-painting").status_code == 200

    def test_the_list_shows_deleted_ones(
        self, staff: APIClient, effect: Effect, django_assert_num_queries: Any
    ) -> None:
        services.delete_effect(effect)
        with django_assert_num_queries(3):  # the session, the count, the rows
            body = staff.get("/api/admin/effects").json()
        (row,) = body["data"]["items"]
        assert list(row) == [
            "id", "name", "slug", "description", "category_id", "type", "credits_cost", "is_active", "is_premium",
            "is_new", "popularity_score", "deleted_at", "created_at", "updated_at",
        ]  # fmt: skip
        assert (row["popularity_score"], row["deleted_at"] is None) == (50, False)
        assert body["data"]["totalItems"] == 1
        assert staff.get("/api/admin/effects", {"deleted_at:isnull": "true"}).json()["data"]["items"] == []


class TestCategories:
    RETRO = {"name": "Retro", "slug": "retro", "sort_order": 5, "description": "Retro and vintage video effects."}

    def test_create_change_delete(self, staff: APIClient) -> None:
        body = staff.post("/api/admin/categories", self.RETRO).json()
        assert body["message"] == "Category created successfully"
        assert {name: body["data"][name] for name in self.RETRO} == self.RETRO
        assert set(body["data"]) == {*self.RETRO, "id", "kind", "created_at", "updated_at"}
        url = f"/api/admin/categories/{body['data']['id']}"
        body = staff.patch(url, {"sort_order": 1}).json()
        assert (body["message"], body["data"]["sort_order"]) == ("Category updated successfully", 1)
        assert staff.get("/api/admin/categories").json()["data"]["items"] == [body["data"]]
        assert staff.delete(url).json() == {
            "success": True, "data": None, "message": "Category deleted successfully",
        }  # fmt: skip
        assert not Category.objects.exists()

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"slug": "artistic"}, "The slug has already been taken."),
            ({"slug": "by-user-id"}, "This word is reserved."),
            ({"slug": "7"}, "A slug of digits alone would be read as an id."),
            ({"slug": ""}, "The slug field is required."),
        ],
    )
    def test_bad_slugs(self, staff: APIClient, category: Category, change: dict[str, str], reason: str) -> None:
        answer = staff.post("/api/admin/categories", {**self.RETRO, **change})
        assert (answer.status_code, answer.json()["data"]) == (422, {"slug": [reason]})
        assert Category.objects.count() == 1

    def test_another_ones_slug_is_taken(self, staff: APIClient, category: Category) -> None:
        other = Category.objects.create(name="Retro", slug="retro")
        answer = staff.patch(f"/api/admin/categories/{other.pk}", {"slug": category.slug})
        assert (answer.status_code, answer.json()["data"]) == (422, {"slug": ["The slug has already been taken."]})
        other.refresh_from_db()
        assert other.slug == "retro"

    @pytest.mark.parametrize("missing", ["name", "slug", "sort_order"])
    def test_each_required_field(self, staff: APIClient, missing: str) -> None:
        answer = staff.post("/api/admin/categories", {**self.RETRO, missing: None})
        assert answer.json()["data"] == {missing: [f"The {missing.replace('_', ' ')} field is required."]}

    def test_effects_outlive_their_category(self, staff: APIClient, category: Category, effect: Effect) -> None:
        services.update_effect(effect, changes={"category_id": category.pk})
        staff.delete(f"/api/admin/categories/{category.pk}")
        effect.refresh_from_db()
        assert effect.category is None


class TestUsers:
    def test_the_list_and_the_detail_are_the_documents(self, staff: APIClient, make_user: UserFactory) -> None:
        john = make_user(name="johndoe", email="john@example.com", first_name="John", last_name="Doe")
        body = staff.get("/api/admin/users", {"search": "john@"}).json()
        assert body["message"] == "Users retrieved successfully"
        (row,) = body["data"]["items"]
        assert list(row) == ["id", "name", "email", "first_name", "last_name", "created_at"]
        known = {
            "id": john.pk, "name": "johndoe", "email": "john@example.com", "first_name": "John", "last_name": "Doe",
        }  # fmt: skip
        assert row == {**known, "created_at": row["created_at"]}
        body = staff.get(f"/api/admin/users/{john.pk}").json()
        assert body["message"] == "User retrieved successfully"
        assert {name: body["data"][name] for name in known} == known
        assert body["data"]["tenant"] == {
            "id": john.tenant.pk, "domain": john.tenant.domain, "db_pool": john.tenant.db_pool,
        }  # fmt: skip
        assert "password" not in str(body)

    @pytest.mark.parametrize("query", [{"order": "password:asc"}, {"password:=": "x"}, {"password:like": "argon"}])
    def test_passwords_can_not_be_asked_about(self, staff: APIClient, query: dict[str, str]) -> None:
        assert staff.get("/api/admin/users", query).status_code == 422

    def test_constant_queries(self, staff: APIClient, make_user: UserFactory, django_assert_num_queries: Any) -> None:
        for _ in range(5):
            make_user()
        with django_assert_num_queries(3):
            assert staff.get("/api/admin/users").json()["data"]["totalItems"] == 6


@pytest.mark.django_db(transaction=True)
def test_the_public_list_never_shows_what_staff_took_away(anonymous: APIClient) -> None:
    """Cached answers and counts end with the change."""
    cache.clear()
    first = services.create_effect(values=OIL)
    services.create_effect(values={**OIL, "slug": "second"})

    def seen() -> tuple[int, list[str]]:
        data = anonymous.get("/api/effects").json()["data"]
        return data["totalItems"], [item["slug"] for item in data["items"]]

    assert seen() == seen() == (2, ["oil-painting", "second"])
    services.delete_effect(first)
    assert seen() == (1, ["second"])
    services.restore_effect(first.pk)
    assert seen() == (2, ["oil-painting", "second"])
    services.update_effect(first, changes={"is_active": False})
    assert seen() == (1, ["second"])


@pytest.mark.django_db(transaction=True)
def test_one_of_many_gets_a_slug() -> None:
    def create(number: int) -> str:
        try:
            services.create_effect(values={**OIL, "name": f"number {number}"})
            return "created"
        except ValidationFailed as error:
            return str(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, range(8)))
    assert sorted(answers) == ["created"] + ["slug: The slug has already been taken."] * 7
    assert Effect.objects.count() == 1
