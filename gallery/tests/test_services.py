"""Publish, moderate, like: what the gallery's verbs promise, also to many at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import User
from accounts.services.runtime_settings import change_setting
from config.api.errors import DomainError
from effects.models import Effect
from gallery import services
from gallery.models import GalleryItem, GalleryLike
from gallery.tests.conftest import MakeVideo, Publish
from studio.models import Video
from tenants.scope import tenant_scope
from tests.fixtures import UserFactory


@pytest.mark.django_db
class TestPublish:
    @pytest.mark.parametrize("status", [status for status in Video.Status.values if status != "completed"])
    def test_only_completed_videos(self, make_video: MakeVideo, status: str) -> None:
        video = make_video(status=status)
        with tenant_scope(video.tenant_id), pytest.raises(DomainError) as refused:
            services.publish(video)
        assert (refused.value.status, refused.value.code) == (422, "not_completed")
        assert not GalleryItem.objects.exists()

    def test_a_closed_gallery_takes_none(self, publish: Publish, item: GalleryItem, user: User) -> None:
        change_setting(staff=user, name="GALLERY_OPEN", value=False, reason="Clean-up", seen=0)
        with pytest.raises(DomainError, match="takes no new videos") as refused:
            publish()
        assert (refused.value.status, refused.value.code) == (422, "switched_off")
        assert list(GalleryItem.objects.all()) == [item], "what is published stays"

    def test_what_is_copied(self, item: GalleryItem, cartoon: Effect, artist: User) -> None:
        assert (item.title, item.owner, item.effect, item.effect_slug) == (
            "My Cartoon Selfie", artist, cartoon, "cartoon-style",
        )  # fmt: skip
        assert (item.category, item.tags) == (cartoon.category, ["cartoon", "animation"])
        assert item.is_public

    def test_again_keeps_date_and_likes(self, item: GalleryItem, user: User) -> None:
        services.like(item=item, user=user)
        with tenant_scope(item.owner.tenant_id):
            Video.objects.update(title="New title")
            again = services.publish(Video.objects.get())
        assert (again.pk, again.published_at) == (item.pk, item.published_at)
        assert GalleryItem.objects.values_list("title", "likes").get() == ("New title", 1)

    def test_unpublish_and_back(self, item: GalleryItem, user: User) -> None:
        services.like(item=item, user=user)
        with tenant_scope(item.owner.tenant_id):
            video = Video.objects.get()
            for _ in range(2):
                services.unpublish(video)
                assert not GalleryItem.objects.public().exists()
            services.publish(video)
        back = GalleryItem.objects.public().get()
        assert (back.pk, back.likes) == (item.pk, 1)
        assert back.published_at > item.published_at

    def test_a_new_title_is_taken_over(self, item: GalleryItem) -> None:
        with tenant_scope(item.owner.tenant_id):
            video = Video.objects.get()
            video.title = "Changed"
            services.refresh(video)
        assert GalleryItem.objects.get().title == "Changed"

    def test_publishing_is_no_way_around_moderators(self, item: GalleryItem, user: User) -> None:
        services.moderate(item, to="hidden", moderator=user, note="Hate.")
        with tenant_scope(item.owner.tenant_id):
            video = Video.objects.get()
            services.unpublish(video)
            services.publish(video)
            assert not GalleryItem.objects.public().exists()
            services.moderate(item, to="removed", moderator=user, note="Hate.")
            services.unpublish(video)
            with pytest.raises(DomainError) as refused:
                services.publish(video)
        assert refused.value.code == "removed_by_moderators"
        assert not GalleryItem.objects.public().exists()


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """With commits: caches are told then."""

    def test_moderation_hides_at_once(self, anonymous: APIClient, publish: Publish, user: User) -> None:
        item, _ = publish(title="bad"), publish(title="good")

        def seen() -> tuple[int, list[str]]:
            data = anonymous.get("/api/gallery").json()["data"]
            return data["totalItems"], [row["title"] for row in data["items"]]

        assert seen() == seen() == (2, ["good", "bad"])
        report = services.report(item=item, user=user, reason="hate")
        services.moderate(item, to="hidden", moderator=user, note="Hate.")
        assert seen() == (1, ["good"])
        assert anonymous.get(f"/gallery/media/{item.pk}/video.mp4").status_code == 404
        report.refresh_from_db()
        assert report.resolved_at is not None
        services.moderate(item, to="visible", moderator=user, note="It is none.")
        assert seen() == (2, ["good", "bad"])

    def test_publication_shows_at_once(self, anonymous: APIClient, make_video: MakeVideo) -> None:
        video = make_video()
        assert anonymous.get("/api/gallery").json()["data"]["totalItems"] == 0
        with tenant_scope(video.tenant_id):
            services.publish(video)
            assert anonymous.get("/api/gallery").json()["data"]["totalItems"] == 1
            services.unpublish(video)
        assert anonymous.get("/api/gallery").json()["data"]["items"] == []

    def test_likes_are_counted_once_each(self, item: GalleryItem, make_user: UserFactory) -> None:
        people = [make_user() for _ in range(5)]
        _all_at_once(lambda user: services.like(item=item, user=user), people * 4)
        assert _likes(item) == GalleryLike.objects.count() == 5
        _all_at_once(lambda user: services.unlike(item=item, user=user), people * 4)
        assert _likes(item) == GalleryLike.objects.count() == 0

    def test_views_are_all_counted(self, item: GalleryItem) -> None:
        _all_at_once(lambda viewer: services.record_view(item=item, viewer=viewer), [f"{n % 10}" for n in range(40)])
        item.refresh_from_db()
        assert item.views == 10

    def test_one_row_for_one_video(self, make_video: MakeVideo) -> None:
        video = make_video()

        def publish(_: int) -> None:
            with tenant_scope(video.tenant_id):
                services.publish(video)

        _all_at_once(publish, range(8))
        assert GalleryItem.objects.count() == 1


def _likes(item: GalleryItem) -> int:
    return GalleryItem.objects.values_list("likes", flat=True).get(pk=item.pk)


def _all_at_once(verb: Callable[..., object], arguments: object) -> None:
    def call(argument: object) -> None:
        try:
            verb(argument)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, arguments))
