"""A content that several files share is there for as long as any of them, whoever comes and goes at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection, connections, transaction

from accounts.models import User
from studio.models import MediaFile, Video
from studio.services.files.blobs import staged, sweep_scratch
from studio.services.files.store import name_content, new_file, store_file
from studio.services.videos.library import delete_video
from tenants.scope import all_tenants
from tests.fixtures import UserFactory
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

SOURCE = MediaFile.Kind.SOURCE


def waits_for_a_content() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")
        return cursor.fetchone()[0]


def in_a_thread(act: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            with all_tenants():
                act()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.fixture
def video(make_user: UserFactory, media_dir: Path) -> Video:
    owner: User = make_user()
    with all_tenants():
        source = store_file(path=media_dir / "clip.mp4", owner=owner, kind=SOURCE)
        return Video.objects.create(tenant_id=owner.tenant_id, owner=owner, type="vid2vid", source=source)


@pytest.mark.parametrize(("told", "kept"), [(True, True), (False, False)])
def test_the_last_transaction_of_a_dead_process_ends_after_its_folder_is_swept(
    make_user: UserFactory, media_dir: Path, told: bool, kept: bool
) -> None:
    """The control is a note as earlier releases left it, which does not say whose lock to wait for."""
    path, owner = media_dir / "clip.mp4", make_user()
    file = new_file(path=path, owner=owner, kind=SOURCE)
    with all_tenants(), staged(path, tenant_id=owner.tenant_id, kind=SOURCE) as content:
        left = Path(settings.WORK_DIR) / "scratch" / "process-gone" / "blobs"
        with transaction.atomic():
            key = name_content(file, content, path=path, info=None).storage_key
            (left / f"{key.replace('/', '+')}{f'@{content.digest}' if told else ''}").mkdir(parents=True)
            thread = in_a_thread(sweep_scratch)
            until(lambda: not thread.is_alive() or waits_for_a_content(), "sweep that waits or is through")
        thread.join()
        assert not left.exists()
        assert default_storage.exists(key) == kept


def test_a_video_deleted_while_an_upload_begins_to_share_its_content(
    video: Video, media_dir: Path, stored_blobs: Callable[[], set[str]]
) -> None:
    path = media_dir / "clip.mp4"
    assert video.source
    before = stored_blobs() - {video.source.storage_key}
    file = new_file(path=path, owner=video.owner, kind=SOURCE)
    with all_tenants():
        with staged(path, tenant_id=video.tenant_id, kind=SOURCE) as content, transaction.atomic():
            file.storage_key, file.sha256, file.size = content.key(), content.digest, content.size
            file.status = MediaFile.Status.READY
            thread = in_a_thread(lambda: delete_video(video))
            until(lambda: not thread.is_alive() or waits_for_a_content(), "deletion that waits or is through")
            file.save()
        thread.join()
        assert MediaFile.objects.get() == file
        assert default_storage.exists(file.storage_key)
        delete_video(Video.objects.create(tenant_id=file.tenant_id, owner=video.owner, type="vid2vid", source=file))
    assert stored_blobs() == before
