"""The public gallery over HTTP, against document B's examples."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from rest_framework.test import APIClient

from accounts.models import User
from effects.models import Effect
from effects.services import delete_effect
from gallery.models import GalleryItem, GalleryReport
from gallery.tests.conftest import Publish
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], APIClient]
PUBLISHED = datetime(2026, 2, 10, 14, 22, tzinfo=UTC)


@pytest.fixture
def item(item: GalleryItem) -> GalleryItem:
    GalleryItem.objects.filter(pk=item.pk).update(published_at=PUBLISHED)
    item.refresh_from_db()
    return item


def documented(item: GalleryItem, effect: Effect) -> dict[str, Any]:
    return {
        "id": item.pk,
        "title": "My Cartoon Selfie",
        "thumbnail_url": f"{settings.PUBLIC_URL}/gallery/media/{item.pk}/thumbnail.jpg",
        "processed_file_url": f"{settings.PUBLIC_URL}/gallery/media/{item.pk}/video.mp4",
        "effect": {"id": effect.pk, "name": "Cartoon Style", "slug": "cartoon-style"},
        "published_at": "2026-02-10T14:22:00.000000Z",
    }


def beyond_the_document(**figures: Any) -> dict[str, Any]:
    return {"author": "johndoe", "width": 96, "height": 64, "duration": 1.0, "views": 0, "likes": 0, **figures}


def test_the_list_is_the_documents(anonymous: APIClient, item: GalleryItem, cartoon: Effect) -> None:
    assert anonymous.get("/api/gallery").json() == {
        "success": True,
        "data": {
            "items": [{**documented(item, cartoon), **beyond_the_document()}],
            "totalItems": 1,
            "totalPages": 1,
            "page": 1,
            "perPage": 50,
            "order": "published_at:desc",
            "search": "",
            "filters": {},
            "nextCursor": None,
        },
        "message": "Gallery videos retrieved successfully",
    }


def test_the_detail_is_the_documents(anonymous: APIClient, item: GalleryItem, cartoon: Effect) -> None:
    assert anonymous.get(f"/api/gallery/{item.pk}").json() == {
        "success": True,
        "data": {
            **documented(item, cartoon),
            **beyond_the_document(views=1),
            "poster_url": f"{settings.PUBLIC_URL}/gallery/media/{item.pk}/poster.jpg",
            "category": {"id": cartoon.category_id, "name": "Fun & Social"},
            "tags": ["cartoon", "animation"],
            "liked": False,
        },
        "message": "Gallery video retrieved successfully",
    }


def test_a_video_without_effect_or_thumbnail(anonymous: APIClient, publish: Publish) -> None:
    item = publish(title="")
    GalleryItem.objects.update(thumbnail_file=None)
    data = anonymous.get(f"/api/gallery/{item.pk}").json()["data"]
    assert (data["effect"], data["category"], data["thumbnail_url"], data["tags"]) == (None, None, None, [])


@pytest.mark.parametrize("state", ["unpublished", "hidden", "removed", "never there"])
def test_what_is_not_public_is_404_for_everything(api: APIClient, item: GalleryItem, state: str) -> None:
    if state == "unpublished":
        GalleryItem.objects.update(published_at=None)
    elif state == "never there":
        GalleryItem.objects.all().delete()
    else:
        GalleryItem.objects.update(moderation=state)
    url = f"/api/gallery/{item.pk}"
    answers = [
        api.get(url),
        api.post(f"{url}/like"),
        api.delete(f"{url}/like"),
        api.post(f"{url}/report", {"reason": "spam"}),
        api.post(f"{url}/remix"),
    ]
    expected = {"success": False, "message": "Gallery video not found", "code": "not_found"}
    assert [answer.json() for answer in answers] == [expected] * 5
    assert {answer.status_code for answer in answers} == {404}
    assert api.get(f"/gallery/media/{item.pk}/video.mp4").status_code == 404
    assert not GalleryReport.objects.exists()


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ({}, ["gamma", "Beta wolf", "alpha"]),
        ({"order": "published_at:asc"}, ["alpha", "Beta wolf", "gamma"]),
        ({"order": "popularity:desc"}, ["alpha", "Beta wolf", "gamma"]),
        ({"search": "wol"}, ["Beta wolf"]),
        ({"search": "BETA wolf"}, ["Beta wolf"]),
        ({"search": "wolf alpha"}, []),
        ({"search": "cartoon sty"}, ["gamma"]),
        ({"search": "anim"}, ["gamma"]),
        ({"search": "social"}, ["gamma"]),
        ({"search": "'; drop | ! & :* ("}, []),
        ({"search": "-- !"}, []),
        ({"effect:=": "cartoon-style"}, ["gamma"]),
        ({"tags:=": "cartoon"}, ["gamma"]),
        ({"published_at:between": "2026-02-09,2026-02-10"}, ["Beta wolf", "alpha"]),
        ({"perPage": "1", "page": "3"}, ["alpha"]),
        ({"likes:greater": "1"}, ["alpha"]),
    ],
)
def test_the_list_grammar(
    anonymous: APIClient, publish: Publish, cartoon: Effect, query: dict[str, str], titles: list[str]
) -> None:
    for day, (title, effect, likes, views) in enumerate(
        [("alpha", None, 2, 0), ("Beta wolf", None, 1, 5), ("gamma", cartoon, 0, 14)]
    ):
        item = publish(title=title, effect=effect)
        moment = PUBLISHED.replace(day=9) + timedelta(days=day)
        GalleryItem.objects.filter(pk=item.pk).update(published_at=moment, likes=likes, views=views)
    answer = anonymous.get("/api/gallery", query)
    assert answer.status_code == 200, answer.json()
    assert [item["title"] for item in answer.json()["data"]["items"]] == titles


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"order": "title"}, "order"),
        ({"order": "owner__password:asc"}, "order"),
        ({"owner_id:=": "1"}, "owner_id:="),
        ({"moderation:=": "hidden"}, "moderation:="),
        ({"perPage": "0"}, "perPage"),
        ({"published_at:between": "2026-01-01"}, "published_at:between"),
        ({"search": "x" * 10_000}, "search"),
        ({"effect_id:in": ",".join(["1"] * 1000)}, "effect_id:in"),
    ],
)
def test_bad_list_parameters_are_named(anonymous: APIClient, query: dict[str, str], field: str) -> None:
    answer = anonymous.get("/api/gallery", query)
    assert (answer.status_code, list(answer.json()["data"])) == (422, [field])


def test_a_cursor_goes_on_where_the_page_ended(anonymous: APIClient, publish: Publish) -> None:
    expected = [publish(title=f"video {number}").pk for number in range(5)][::-1]
    seen: list[int] = []
    cursor = ""
    while cursor is not None:
        page = anonymous.get("/api/gallery", {"perPage": 2, **({"cursor": cursor} if cursor else {})}).json()["data"]
        seen += [row["id"] for row in page["items"]]
        publish(title="newer than what is being read")
        cursor = page["nextCursor"]
    assert seen == expected


def test_the_number_of_queries_does_not_grow(
    anonymous: APIClient, publish: Publish, django_assert_num_queries: Any
) -> None:
    items = [publish(title=f"video {number}") for number in range(6)]
    for per_page in (1, 6):
        cache.clear()
        with django_assert_num_queries(2):
            assert len(anonymous.get(f"/api/gallery?perPage={per_page}").json()["data"]["items"]) == per_page
        with django_assert_num_queries(0):
            anonymous.get(f"/api/gallery?perPage={per_page}")
    with django_assert_num_queries(2):  # the item, and the view that is counted
        anonymous.get(f"/api/gallery/{items[0].pk}")
    with django_assert_num_queries(1):
        anonymous.get(f"/api/gallery/{items[0].pk}")


def test_nothing_of_the_tenant_is_told(anonymous: APIClient, publish: Publish, artist: User, cartoon: Effect) -> None:
    item = publish(effect=cartoon, parameters={"prompt": "my secret"}, error="disk /srv/x")
    text = anonymous.get(f"/api/gallery/{item.pk}").content.decode() + anonymous.get("/api/gallery").content.decode()
    for secret in ("secret", "/srv/x", artist.email, artist.tenant.domain, "storage_key", "sha256"):
        assert secret not in text


class TestFiles:
    @pytest.mark.parametrize(
        ("name", "mime_type"), [("video.mp4", "video/mp4"), ("thumbnail.jpg", "image/png"), ("poster.jpg", "image/png")]
    )
    def test_everybody_may_see_them(self, anonymous: APIClient, item: GalleryItem, name: str, mime_type: str) -> None:
        answer = anonymous.get(f"/gallery/media/{item.pk}/{name}")
        assert (answer.status_code, answer["Content-Type"]) == (200, mime_type)
        assert answer["Cache-Control"] == "no-cache"
        assert len(b"".join(answer.streaming_content)) == int(answer["Content-Length"])

    def test_browsers_ask_again_and_seek(self, anonymous: APIClient, item: GalleryItem) -> None:
        url = f"{settings.PUBLIC_URL}/gallery/media/{item.pk}/video.mp4"
        etag = anonymous.get(url)["ETag"]
        assert anonymous.get(url, HTTP_IF_NONE_MATCH=etag).status_code == 304
        part = anonymous.get(url, HTTP_RANGE="bytes=4-7")
        assert (part.status_code, b"".join(part.streaming_content)) == (206, b"ftyp")

    def test_no_other_file_of_the_video_is_served(self, anonymous: APIClient, item: GalleryItem) -> None:
        assert anonymous.get(f"/gallery/media/{item.pk}/source.mp4").status_code == 404


class TestReactions:
    def test_like_and_unlike(self, api: APIClient, item: GalleryItem) -> None:
        url = f"/api/gallery/{item.pk}"
        assert api.post(f"{url}/like").json() == {
            "success": True,
            "data": {"id": item.pk, "liked": True, "likes": 1},
            "message": "Gallery video liked successfully",
        }
        assert api.post(f"{url}/like").json()["data"]["likes"] == 1
        assert api.get(url).json()["data"]["liked"] is True
        assert api.delete(f"{url}/like").json()["data"] == {"id": item.pk, "liked": False, "likes": 0}
        assert api.delete(f"{url}/like").json()["data"]["likes"] == 0

    def test_reacting_needs_an_account(self, anonymous: APIClient, item: GalleryItem) -> None:
        url = f"/api/gallery/{item.pk}"
        assert {anonymous.post(f"{url}/{verb}").status_code for verb in ("like", "report", "remix")} == {401}
        assert anonymous.delete(f"{url}/like").status_code == 401
        item.refresh_from_db()
        assert item.likes == 0

    def test_a_visitor_is_one_view_an_hour(self, anonymous: APIClient, api: APIClient, item: GalleryItem) -> None:
        url = f"/api/gallery/{item.pk}"
        assert [client.get(url).json()["data"]["views"] for client in (anonymous, anonymous, api, api)] == [1, 1, 2, 2]
        assert anonymous.get(url, HTTP_USER_AGENT="Other").json()["data"]["views"] == 3
        assert anonymous.get(url, HTTP_X_FORWARDED_FOR="9.9.9.9").json()["data"]["views"] == 3, "nobody new"

    def test_a_report_is_kept_once(self, api: APIClient, user: User, item: GalleryItem) -> None:
        url = f"/api/gallery/{item.pk}/report"
        body = api.post(url, {"reason": "spam"}).json()
        assert (body["message"], body["data"]["reason"]) == ("Gallery video reported successfully", "spam")
        api.post(url, {"reason": "copyright", "details": "Mine."})
        report = GalleryReport.objects.get()
        assert (report.user, report.item, report.reason, report.details) == (user, item, "copyright", "Mine.")

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "reason"),
            ({"reason": "boring"}, "reason"),
            ({"reason": "spam", "details": "x" * 1001}, "details"),
            ({"reason": "spam", "details": "a\0"}, "details"),
        ],
    )
    def test_bad_reports_are_named(self, api: APIClient, item: GalleryItem, body: dict[str, str], field: str) -> None:
        answer = api.post(f"/api/gallery/{item.pk}/report", body)
        assert (answer.status_code, list(answer.json()["data"])) == (422, [field])
        assert not GalleryReport.objects.exists()


class TestRemix:
    def test_with_an_effect(self, api: APIClient, publish: Publish, cartoon: Effect) -> None:
        """What was configured is shared; the effect's template and the owner's files are not."""
        payload = {"intensity": 0.8, "mask": 88}
        item = publish(effect=cartoon, input_payload=payload, parameters={"prompt": "the template"})
        assert api.post(f"/api/gallery/{item.pk}/remix").json()["data"] == {
            "effect": {"id": cartoon.pk, "name": "Cartoon Style", "slug": "cartoon-style"},
            "type": "vid2vid",
            "parameters": {},
            "input_payload": {"intensity": 0.8},
        }

    def test_without_an_effect(self, api: APIClient, publish: Publish) -> None:
        parameters = {"prompt": "a neon city", "seed": 7, "extendFromJobId": 12, "preset": "my-own", "frameCount": 3}
        item = publish(parameters=parameters)
        assert api.post(f"/api/gallery/{item.pk}/remix").json()["data"] == {
            "effect": None,
            "type": "vid2vid",
            "parameters": {"prompt": "a neon city", "seed": 7},
            "input_payload": {},
        }

    def test_an_effect_that_is_gone(self, api: APIClient, item: GalleryItem, cartoon: Effect) -> None:
        delete_effect(cartoon)
        answer = api.post(f"/api/gallery/{item.pk}/remix")
        assert (answer.status_code, answer.json()["code"]) == (404, "effect_gone")


def test_the_page_runs_no_script_but_ours(anonymous: APIClient) -> None:
    answer = anonymous.get("/gallery")
    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    page = answer.content.decode()
    assert "://" not in page.replace("http://www.w3.org", "")
    assert "onclick" not in page
    assert "<style" not in page


def test_others_may_publish_too(anonymous: APIClient, publish: Publish, make_user: UserFactory) -> None:
    """The gallery is one for all tenants."""
    publish(title="mine")
    publish(make_user(name="jane"), title="hers")
    items = anonymous.get("/api/gallery").json()["data"]["items"]
    assert [(row["title"], row["author"]) for row in items] == [("hers", "jane"), ("mine", "johndoe")]
