"""Files that renders made and nothing refers to are swept in time, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from effects.models import Effect
from studio.models import MediaFile, ModelFile, RenderJob, Video
from studio.services.files.orphans import sweep_orphans
from studio.services.files.store import store_file
from studio.tests.applied import Upload
from tenants.scope import all_tenants, tenant_scope

pytestmark = pytest.mark.django_db

Kind = MediaFile.Kind
Make = Callable[..., MediaFile]


@pytest.fixture
def make(user: User, media_dir: Path) -> Make:
    """Stores a file that was made so long ago."""

    def make(kind: MediaFile.Kind = Kind.OUTPUT, *, age: timedelta = timedelta(hours=2)) -> MediaFile:
        with tenant_scope(user.tenant_id):
            file = store_file(path=media_dir / "clip.mp4", owner=user, kind=kind)
            MediaFile.objects.filter(pk=file.pk).update(created_at=timezone.now() - age)
        return file

    return make


def left() -> set[int]:
    with all_tenants():
        return set(MediaFile.objects.values_list("pk", flat=True))


def a_job(user: User, model: ModelFile, video: Video, **values: object) -> RenderJob:
    given = {"purpose": "preview", "status": "completed", **values}
    with tenant_scope(user.tenant_id):
        return RenderJob.objects.create(
            tenant_id=user.tenant_id, owner=user, video=video, workflow=video.type, model_file=model, parameters={},
            plan={}, queue="low", frames_total=1, **given,
        )  # fmt: skip


@pytest.fixture
def video(user: User) -> Video:
    with tenant_scope(user.tenant_id):
        return Video.objects.create(tenant_id=user.tenant_id, owner=user, type="deforum")


def test_what_a_killed_worker_stored_is_swept_with_its_blob(make: Make, stored_blobs: Callable[[], set[str]]) -> None:
    before = stored_blobs()
    for kind in (Kind.OUTPUT, Kind.PREVIEW, Kind.STILL, Kind.ANIMATION, Kind.POSTER, Kind.THUMBNAIL, Kind.SPRITE,
                 Kind.FRAME_TABLE, Kind.CHECKPOINT):  # fmt: skip
        make(kind)
    call_command("reap", once=True)
    assert (left(), stored_blobs()) == (set(), before)


def test_uploads_and_what_is_young_or_referred_to_stay(
    make: Make, user: User, video: Video, tiny_model: ModelFile
) -> None:
    kept = {make(Kind.SOURCE).pk, make(Kind.SOUNDTRACK).pk, make(age=timedelta(minutes=50)).pk}
    named = make()
    a_job(user, tiny_model, video, output=named)
    kept.add(named.pk)
    gone = make()
    call_command("reap", once=True)
    assert left() == kept
    assert gone.pk not in kept


@pytest.mark.parametrize(("claimed_ago", "stays"), [(3, True), (1, False)])
def test_what_a_running_render_may_have_stored_stays(
    make: Make, user: User, video: Video, tiny_model: ModelFile, claimed_ago: int, stays: bool
) -> None:
    file = make()
    now = timezone.now()
    a_job(
        user, tiny_model, video, status="running", started_at=now - timedelta(hours=claimed_ago),
        lease_id="b5c1a0f2-6c7e-4c59-9d7c-0d4b8a3b9f11", lease_expires_at=now + timedelta(hours=1),
    )  # fmt: skip
    call_command("reap", once=True)
    assert (file.pk in left()) is stays


def test_the_frames_of_a_preview_go_once_another_took_its_place(
    make: Make, user: User, video: Video, tiny_model: ModelFile
) -> None:
    first, second, final = (make(Kind.CHECKPOINT) for _ in range(3))
    old = a_job(user, tiny_model, video, checkpoint=first)
    a_job(user, tiny_model, video, checkpoint=second)
    a_job(user, tiny_model, video, checkpoint=final, purpose="final")
    call_command("reap", once=True)
    assert left() == {second.pk, final.pk}
    with all_tenants():
        old.refresh_from_db()
        assert (old.checkpoint_id, old.status) == (None, "completed")


def test_what_a_deleted_video_kept_for_another_render_goes_after_it(
    make: Make, user: User, video: Video, tiny_model: ModelFile, api: APIClient
) -> None:
    checkpoint = make(Kind.CHECKPOINT)
    before = a_job(user, tiny_model, video, checkpoint=checkpoint, purpose="final")
    with tenant_scope(user.tenant_id):
        other = Video.objects.create(tenant_id=user.tenant_id, owner=user, type="deforum")
    going_on = a_job(user, tiny_model, other, purpose="final", status="queued", continues=before)
    assert api.delete(f"/api/videos/{video.pk}").status_code == 204
    call_command("reap", once=True)
    assert left() == {checkpoint.pk}
    with all_tenants():
        RenderJob.objects.filter(pk=going_on.pk).update(status="completed")
    call_command("reap", once=True)
    assert left() == set()


def test_all_rows_are_looked_at_in_turn(make: Make) -> None:
    for kind in (Kind.SOURCE, Kind.SOURCE, Kind.OUTPUT, Kind.SOURCE):
        make(kind)
    assert [sweep_orphans(2) for _ in range(4)] == [0, 1, 0, 0]


def test_a_video_takes_the_files_of_its_payload_along(
    api: APIClient, cartoon: Effect, upload_clip: Upload, stored_blobs: Callable[[], set[str]]
) -> None:
    before = stored_blobs()
    Effect.objects.filter(pk=cartoon.pk).update(
        configurable_properties=[{"key": "backdrop", "type": "video"}], parameters={"prompt": "a cartoon"}
    )
    source, backdrop = upload_clip(), upload_clip()
    body = {"effect_id": cartoon.pk, "original_file_id": source, "input_payload": {"backdrop": backdrop}}
    first, second = (api.post("/api/videos", body).json()["data"]["id"] for _ in range(2))
    assert api.delete(f"/api/videos/{first}").status_code == 204
    assert left() == {source, backdrop}, "the other video needs them"
    assert api.delete(f"/api/videos/{second}").status_code == 204
    assert (left(), stored_blobs()) == (set(), before)
