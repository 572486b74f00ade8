"""A published video with real files, and how to make more.

pytest reads this file before Django is set up, so its fixtures import what they need themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from accounts.models import User
    from effects.models import Effect
    from gallery.models import GalleryItem
    from studio.models import Video
    from tests.fixtures import UserFactory

MakeVideo = Callable[..., "Video"]
Publish = Callable[..., "GalleryItem"]


@pytest.fixture(autouse=True)
def _fresh_cache(db: None) -> None:
    from django.core.cache import cache

    cache.clear()


@pytest.fixture
def cartoon(db: None) -> Effect:
    from effects.models import Category, Effect

    return Effect.objects.create(
        name="Cartoon Style",
        slug="cartoon-style",
        type="video_transform",
        credits_cost=10,
        category=Category.objects.create(name="Fun & Social", slug="fun-social"),
        tags=["cartoon", "animation"],
        configurable_properties=[
            {"key": "intensity", "type": "number", "range": [0, 1]},
            {"key": "mask", "type": "image"},
        ],
    )


@pytest.fixture
def artist(make_user: UserFactory) -> User:
    return make_user(name="johndoe")


@pytest.fixture
def make_video(artist: User, media_dir: Path) -> MakeVideo:
    """Makes a completed video of ``owner`` with the files that a render leaves."""
    from studio.models import MediaFile, ModelFile, RenderJob, Video
    from studio.services.files.store import store_file
    from tenants.scope import tenant_scope

    model = ModelFile.objects.create(name="Any", slug="any", location="none")

    def make(owner: User = artist, *, status: str = "completed", **values: Any) -> Video:
        with tenant_scope(owner.tenant_id):
            output = store_file(path=media_dir / "clip.mp4", owner=owner, kind=MediaFile.Kind.OUTPUT)
            picture = store_file(path=media_dir / "picture.png", owner=owner, kind=MediaFile.Kind.THUMBNAIL)
            MediaFile.objects.filter(pk=output.pk).update(width=96, height=64, duration=1.0)
            values = {"title": "My Cartoon Selfie", "type": "vid2vid", "output": output, **values}
            video = Video.objects.create(owner=owner, status=status, **values)
            RenderJob.objects.create(
                video=video, owner=owner, purpose="final", workflow="vid2vid", model_file=model, parameters={}, plan={},
                status="completed", queue="low", frames_total=12, output=output, thumbnail=picture, poster=picture,
            )  # fmt: skip
            return Video.objects.get(pk=video.pk)

    return make


@pytest.fixture
def publish(make_video: MakeVideo, artist: User) -> Publish:
    from gallery import services
    from tenants.scope import tenant_scope

    def publish(owner: User = artist, **values: Any) -> GalleryItem:
        video = make_video(owner, **values)
        with tenant_scope(owner.tenant_id):
            return services.publish(video)

    return publish


@pytest.fixture
def item(publish: Publish, cartoon: Effect) -> GalleryItem:
    return publish(effect=cartoon)
