"""Document B's videos over HTTP: its examples, its error tables, who may see what."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from config.api.envelope import iso
from effects.models import Effect
from gallery.models import GalleryItem
from studio.models import MediaFile, ModelFile, RenderJob, Video
from studio.tests.applied import ClientOf, Finish, Upload
from tenants.scope import all_tenants
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def created(api: APIClient, cartoon: Effect, upload_clip: Upload) -> dict[str, Any]:
    """The row of a new video."""
    body = {"effect_id": cartoon.pk, "original_file_id": upload_clip(), "title": "My Cartoon Video"}
    answer = api.post("/api/videos", body)
    assert answer.status_code == 201, answer.json()
    return answer.json()["data"]


@pytest.fixture
def completed(api: APIClient, created: dict[str, Any], cartoon: Effect, tiny_model: ModelFile, finish: Finish) -> int:
    """The id of a video that was rendered."""
    body = {"effect_id": cartoon.pk, "video_id": created["id"], "idempotency_key": "one"}
    answer = api.post("/api/ai-jobs", body)
    assert answer.status_code == 200, answer.json()
    finish(answer.json()["data"]["id"])
    return created["id"]


def videos() -> list[Video]:
    with all_tenants():
        return list(Video.objects.order_by("pk"))


def set_status(video_id: int, status: str) -> None:
    with all_tenants():
        Video.objects.filter(pk=video_id).update(status=status)


class TestCreate:
    URL = "/api/videos"

    def test_the_answer_is_the_documents(self, api: APIClient, cartoon: Effect, upload_clip: Upload) -> None:
        file_id = upload_clip()
        answer = api.post(self.URL, {"effect_id": cartoon.pk, "original_file_id": file_id, "title": "My Cartoon Video"})
        (video,) = videos()
        assert (answer.status_code, answer.json()["message"]) == (201, "Video created successfully")
        assert list(answer.json()["data"].items()) == [
            ("id", video.pk),
            ("title", "My Cartoon Video"),
            ("status", "pending"),
            ("effect_id", cartoon.pk),
            ("original_file_id", file_id),
            ("created_at", iso(video.created_at)),
            ("updated_at", iso(video.updated_at)),
        ]
        with all_tenants():
            assert MediaFile.objects.get(pk=file_id).status == "ready"

    def test_title_and_payload_may_be_left_out(self, api: APIClient, cartoon: Effect, upload_clip: Upload) -> None:
        answer = api.post(self.URL, {"effect_id": cartoon.pk, "original_file_id": upload_clip(), "title": None})
        assert (answer.status_code, answer.json()["data"]["title"]) == (201, None)
        assert videos()[0].input_payload == {"intensity": 0.5}

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"effect_id": None}, "effect_id"),
            ({"effect_id": 999_999}, "effect_id"),
            ({"original_file_id": None}, "original_file_id"),
            ({"original_file_id": "x"}, "original_file_id"),
            ({"title": "x" * 256}, "title"),
            ({"title": "nul \0"}, "title"),
            ({"input_payload": {"intensity": 2}}, "input_payload.intensity"),
            ({"input_payload": {"speed": 1}}, "input_payload.speed"),
            ({"input_payload": [1]}, "input_payload"),
        ],
    )
    def test_what_breaks_a_rule_is_named(
        self, api: APIClient, cartoon: Effect, upload_clip: Upload, changes: dict[str, Any], field: str
    ) -> None:
        body = {"effect_id": cartoon.pk, "original_file_id": upload_clip(), **changes}
        answer = api.post(self.URL, body)
        assert (answer.status_code, list(answer.json()["data"])) == (422, [field]), answer.json()
        assert videos() == []

    def test_a_file_that_was_never_sent(
        self, api: APIClient, cartoon: Effect, upload_clip: Upload, clip: bytes
    ) -> None:
        body = {"effect_id": cartoon.pk, "mime_type": "video/mp4", "size": 5, "original_filename": "a.mp4"}
        file_id = api.post("/api/videos/uploads", body).json()["data"]["file"]["id"]
        answer = api.post(self.URL, {"effect_id": cartoon.pk, "original_file_id": file_id})
        assert (answer.status_code, answer.json()["code"]) == (422, "file_not_uploaded")
        assert list(answer.json()["data"]) == ["original_file_id"]
        assert videos() == []

    def test_whose_file_and_effect(
        self,
        api: APIClient,
        anonymous: APIClient,
        user: User,
        cartoon: Effect,
        upload_clip: Upload,
        make_user: UserFactory,
        client_of: ClientOf,
    ) -> None:
        body = {"effect_id": cartoon.pk, "original_file_id": upload_clip()}
        colleague, stranger = client_of(make_user(tenant=user.tenant)), client_of(make_user())
        for client, expected in ((anonymous, 401), (colleague, 403), (stranger, 404)):
            assert client.post(self.URL, body).status_code == expected
        assert api.post(self.URL, {**body, "original_file_id": 999_999}).status_code == 404
        Effect.objects.filter(pk=cartoon.pk).update(deleted_at=timezone.now())
        assert api.post(self.URL, body).status_code == 404
        assert videos() == []


class TestRead:
    def test_detail_and_list_are_the_documents(self, api: APIClient, completed: int, cartoon: Effect) -> None:
        with all_tenants():
            video = Video.objects.get(pk=completed)
        detail = api.get(f"/api/videos/{completed}")
        assert (detail.status_code, detail.json()["message"]) == (200, "Video retrieved successfully")
        data = detail.json()["data"]
        original, processed = data["original_file_url"], data["processed_file_url"]
        assert list(data.items())[:9] == [
            ("id", completed),
            ("title", "My Cartoon Video"),
            ("status", "completed"),
            ("original_file_url", original),
            ("processed_file_url", processed),
            ("error", None),
            ("effect", {"id": cartoon.pk, "name": "Cartoon Style", "slug": "cartoon-style"}),
            ("created_at", iso(video.created_at)),
            ("updated_at", iso(video.updated_at)),
        ]
        for url in (original, processed, data["thumbnail_url"]):
            assert url.startswith("http://testserver/")
            assert api.get(url).status_code == 200
        page = api.get("/api/videos").json()
        assert page["message"] == "Videos retrieved successfully"
        assert list(page["data"].items())[1:8] == [
            ("totalItems", 1),
            ("totalPages", 1),
            ("page", 1),
            ("perPage", 50),
            ("order", "created_at:desc"),
            ("search", ""),
            ("filters", {}),
        ]
        assert [set(row) for row in page["data"]["items"]] == [set(data)]
        assert page["data"]["items"][0]["id"] == completed

    @pytest.mark.parametrize(
        ("inside", "word"),
        [
            ("uploaded", "pending"),
            ("queued", "pending"),
            ("preview_ready", "pending"),
            ("running", "processing"),
            ("completed", "completed"),
            ("failed", "failed"),
            ("cancelled", "cancelled"),
        ],
    )
    def test_the_words_for_states(self, api: APIClient, created: dict[str, Any], inside: str, word: str) -> None:
        set_status(created["id"], inside)
        assert api.get(f"/api/videos/{created['id']}").json()["data"]["status"] == word
        assert api.get(f"/api/videos?status:={word}").json()["data"]["totalItems"] == 1
        assert api.get(f"/api/videos?status:not={word}").json()["data"]["totalItems"] == 0

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("search=cartoon", 1),
            ("search=nothing", 0),
            ("effect:=cartoon-style", 1),
            ("created_at:between=2020-01-01,2020-12-31", 0),
            ("status:in=pending,failed", 1),
            ("order=title:asc", 1),
        ],
    )
    def test_search_and_filters(self, api: APIClient, created: dict[str, Any], query: str, found: int) -> None:
        assert api.get(f"/api/videos?{query}").json()["data"]["totalItems"] == found

    @pytest.mark.parametrize(
        "query",
        [
            "perPage=0",
            "order=title",
            "order=owner:asc",
            "owner:=1",
            "status:=finished",
            "created_at:between=2026-01-01",
        ],
    )
    def test_what_the_list_refuses(self, api: APIClient, query: str) -> None:
        assert api.get(f"/api/videos?{query}").status_code == 422

    def test_the_lists_queries_do_not_grow(self, api: APIClient, created: dict[str, Any]) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as caught:
                assert api.get("/api/videos").status_code == 200
            return len(caught)

        few = queries()
        with all_tenants():
            video = Video.objects.get(pk=created["id"])
            for _ in range(5):
                video.pk = None
                video.save()
        assert queries() == few <= 4


class TestChange:
    def test_the_title(self, api: APIClient, completed: int) -> None:
        answer = api.patch(f"/api/videos/{completed}", {"title": "Updated Title", "status": "failed", "owner_id": 1})
        with all_tenants():
            video = Video.objects.get(pk=completed)
        assert (answer.status_code, answer.json()["message"]) == (200, "Video updated successfully")
        assert list(answer.json()["data"].items()) == [
            ("id", completed),
            ("title", "Updated Title"),
            ("status", "completed"),
            ("created_at", iso(video.created_at)),
            ("updated_at", iso(video.updated_at)),
        ]

    @pytest.mark.parametrize("title", [None, "x" * 256, "a\nb", 5 * [1]])
    def test_a_bad_title_changes_nothing(self, api: APIClient, created: dict[str, Any], title: object) -> None:
        answer = api.patch(f"/api/videos/{created['id']}", {"title": title})
        assert (answer.status_code, list(answer.json()["data"])) == (422, ["title"])
        assert videos()[0].title == "My Cartoon Video"

    def test_a_deleted_video_is_gone_from_the_gallery_too(
        self, api: APIClient, anonymous: APIClient, completed: int
    ) -> None:
        api.post(f"/api/videos/{completed}/publish")
        item = GalleryItem.objects.get()
        assert anonymous.get(f"/api/gallery/{item.pk}").status_code == 200
        answer = api.delete(f"/api/videos/{completed}")
        assert (answer.status_code, answer.content) == (204, b"")
        assert anonymous.get(f"/api/gallery/{item.pk}").status_code == 404
        assert api.get("/api/videos").json()["data"]["totalItems"] == 0
        for method in ("get", "patch", "delete"):
            assert getattr(api, method)(f"/api/videos/{completed}").status_code == 404
        assert videos()[0].deleted_at is not None

    def test_deleting_cancels_the_render(
        self, api: APIClient, created: dict[str, Any], cartoon: Effect, tiny_model: ModelFile
    ) -> None:
        api.post("/api/ai-jobs", {"effect_id": cartoon.pk, "video_id": created["id"], "idempotency_key": "one"})
        assert api.delete(f"/api/videos/{created['id']}").status_code == 204
        with all_tenants():
            assert RenderJob.objects.get().status == "cancelled"
        assert api.get("/api/wallet").json()["data"]["balance"] == 50


class TestPublish:
    def test_the_answers_are_the_documents(self, api: APIClient, completed: int) -> None:
        published = api.post(f"/api/videos/{completed}/publish")
        item = GalleryItem.objects.get()
        assert (published.status_code, published.json()["message"]) == (200, "Video published successfully")
        assert item.published_at is not None
        same = [("id", completed), ("title", "My Cartoon Video"), ("status", "completed")]
        assert list(published.json()["data"].items()) == [
            *same,
            ("is_published", True),
            ("published_at", iso(item.published_at)),
        ]
        api.patch(f"/api/videos/{completed}", {"title": "Renamed"})
        assert GalleryItem.objects.get().title == "Renamed"
        for _ in range(2):
            answer = api.post(f"/api/videos/{completed}/unpublish")
            assert (answer.status_code, answer.json()["message"]) == (200, "Video unpublished successfully")
            assert list(answer.json()["data"].items())[3:] == [("is_published", False), ("published_at", None)]

    @pytest.mark.parametrize("status", ["uploaded", "queued", "running", "preview_ready", "failed", "cancelled"])
    def test_only_a_completed_video(self, api: APIClient, created: dict[str, Any], status: str) -> None:
        set_status(created["id"], status)
        answer = api.post(f"/api/videos/{created['id']}/publish")
        assert (answer.status_code, answer.json()["code"]) == (422, "not_completed")
        assert not GalleryItem.objects.exists()


class TestStrangers:
    @pytest.mark.parametrize(
        ("method", "url"),
        [
            ("get", "/api/videos/{id}"),
            ("patch", "/api/videos/{id}"),
            ("delete", "/api/videos/{id}"),
            ("post", "/api/videos/{id}/publish"),
            ("post", "/api/videos/{id}/unpublish"),
        ],
    )
    def test_anonymous_401_colleague_403_stranger_404(
        self,
        anonymous: APIClient,
        user: User,
        created: dict[str, Any],
        make_user: UserFactory,
        client_of: ClientOf,
        method: str,
        url: str,
    ) -> None:
        set_status(created["id"], "completed")
        before = videos()[0]
        colleague, stranger = client_of(make_user(tenant=user.tenant)), client_of(make_user())
        for client, expected in ((anonymous, 401), (colleague, 403), (stranger, 404)):
            answer = getattr(client, method)(url.format(id=created["id"]), {"title": "stolen"})
            assert answer.status_code == expected, answer.json()
            assert b"Cartoon" not in answer.content
        after = videos()[0]
        assert (after.title, after.deleted_at, after.updated_at) == (before.title, None, before.updated_at)
        assert not GalleryItem.objects.exists()

    def test_nobody_lists_anothers(
        self, anonymous: APIClient, user: User, created: dict[str, Any], make_user: UserFactory, client_of: ClientOf
    ) -> None:
        assert anonymous.get("/api/videos").status_code == 401
        for other in (make_user(tenant=user.tenant), make_user()):
            assert client_of(other).get("/api/videos").json()["data"]["items"] == []


def test_links_expire(api: APIClient, created: dict[str, Any], settings: Settings) -> None:
    url = api.get(f"/api/videos/{created['id']}").json()["data"]["original_file_url"]
    settings.FILE_URL_SECONDS = -1
    assert api.get(url).status_code == 404


def test_the_schema_says_that_a_deletion_answers_nothing(anonymous: APIClient) -> None:
    deletion = anonymous.get("/api/schema").json()["paths"]["/api/videos/{video_id}"]["delete"]
    assert "200" not in deletion["responses"]
    assert "content" not in deletion["responses"]["204"]
