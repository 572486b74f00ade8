"""Addresses are whole and lead to the file; what is known of a video is told before and after it is rendered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from effects.models import Effect
from effects.services import update_effect
from gallery.services import publish
from studio.models import ModelFile, Video
from studio.tests.applied import JOBS_URL, ClientOf, Finish, asked
from tenants.scope import all_tenants, tenant_scope
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def model(tiny_model: ModelFile) -> ModelFile:
    ModelFile.objects.filter(pk=tiny_model.pk).update(preview_url="/static/tiny.jpg")
    return tiny_model


@pytest.fixture
def finished(
    api: APIClient,
    user: User,
    cartoon: Effect,
    video_id: int,
    finish: Finish,
    django_capture_on_commit_callbacks: Any,
) -> Video:
    previews = {"thumbnail_url": "/effects/media/a.jpg", "preview_video_url": "/effects/media/a.mp4"}
    update_effect(cartoon, changes=previews)
    finish(api.post(JOBS_URL, asked(cartoon, video_id=video_id)).json()["data"]["id"])
    with tenant_scope(user.tenant_id):
        video = Video.objects.get(pk=video_id)
        # What another test has seen of the gallery is outdated.
        with django_capture_on_commit_callbacks(execute=True):
            publish(video)
    return video


def addresses(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every field that is called an address, however deep."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from addresses(part, key)
    elif isinstance(value, list):
        for part in value:
            yield from addresses(part, name)
    elif isinstance(value, str) and (name.lower().endswith("url")):
        yield name, value


def test_every_address_is_whole(
    api: APIClient, client: Client, finished: Video, cartoon: Effect, make_user: UserFactory, client_of: ClientOf
) -> None:
    staff = client_of(make_user(role=User.Role.ADMINISTRATOR))
    gallery_id = api.get("/api/gallery").json()["data"]["items"][0]["id"]
    job_id = api.get(JOBS_URL).json()["data"]["items"][0]["id"]
    found = {}
    for by, path in (
        (api, "/api/gallery"), (api, f"/api/gallery/{gallery_id}"), (api, "/api/effects"),
        (api, "/api/effects/cartoon-style"), (api, "/api/videos"), (api, f"/api/videos/{finished.pk}"),
        (api, f"/status/{finished.pk}"), (api, f"/api/status/{finished.pk}"), (api, "/api/queue"),
        (api, f"{JOBS_URL}/{job_id}"), (api, f"/api/files/{finished.source_id}"), (api, "/api/v1/model-files"),
    ):  # fmt: skip
        answer = by.get(path)
        assert answer.status_code == 200, answer.json()
        found[path] = list(addresses(answer.json()["data"]))
        assert found[path], path
    body = {"thumbnail_url": found["/api/effects"][0][1]}
    found["staff"] = list(addresses(staff.patch(f"/api/admin/effects/{cartoon.pk}", body).json()["data"]))
    assert [(path, name, url) for path, pairs in found.items() for name, url in pairs if "://" not in url] == []
    # Public answers are kept for everyone, and name the public address.
    for path in ("/api/gallery", "/api/effects", "staff"):
        assert all(url.startswith(f"{settings.PUBLIC_URL}/") for _, url in found[path])
    # What came back as it was answered is still a path of ours.
    cartoon.refresh_from_db()
    assert cartoon.thumbnail_url == "/effects/media/a.jpg"
    for path in ("/api/gallery", f"/status/{finished.pk}", f"/api/files/{finished.source_id}"):
        assert [client.get(url).status_code for _, url in found[path]] == [200] * len(found[path])


def source_of(api: APIClient, video_id: int) -> dict[str, Any]:
    with all_tenants():
        file_id = Video.objects.get(pk=video_id).source_id
    return api.get(f"/api/files/{file_id}").json()["data"]


def test_an_uploaded_video_tells_what_it_is(api: APIClient, video_id: int) -> None:
    status = api.get(f"/status/{video_id}").json()["data"]
    source = source_of(api, video_id)
    for name in ("width", "height", "fps", "frame_count"):
        assert status[name] == source[name] is not None
    assert status["length"] == source["duration"]
    assert (status["prompt"], status["seed"], status["model_id"]) == (None, None, None)


def test_a_restyled_videos_length_is_its_seconds(api: APIClient, cartoon: Effect, video_id: int) -> None:
    api.post(JOBS_URL, asked(cartoon, video_id=video_id))
    status = api.get(f"/status/{video_id}").json()["data"]
    assert status["length"] == pytest.approx(status["frame_count"] / float(status["fps"]))
    assert status["length"] == pytest.approx(source_of(api, video_id)["duration"], abs=0.1)


def test_a_restyled_videos_length_is_not_what_is_asked_for(api: APIClient, cartoon: Effect, video_id: int) -> None:
    Effect.objects.filter(pk=cartoon.pk).update(
        parameters={"prompt": "a cartoon"}, configurable_properties=[{"key": "duration", "type": "number"}]
    )
    answer = api.post(JOBS_URL, asked(cartoon, video_id=video_id, input_payload={"duration": 7}))
    assert answer.status_code == 200, answer.json()
    status = api.get(f"/status/{video_id}").json()["data"]
    assert status["length"] == pytest.approx(status["frame_count"] / float(status["fps"]))


def test_an_animation_tells_the_figures_of_its_first_frame(api: APIClient, dream: Effect) -> None:
    video = api.post(JOBS_URL, asked(dream)).json()["data"]["video_id"]
    status = api.get(f"/status/{video}").json()["data"]
    unknown = [name for name in ("model_id", "prompt", "negative_prompt", "cfg_scale", "seed", "denoising", "fps",
                                 "frame_count", "length", "width", "height") if status[name] is None]  # fmt: skip
    assert (unknown, status["length"]) == ([], 1)
    assert status["denoising"] == pytest.approx(1 - 0.65, abs=0.3)
