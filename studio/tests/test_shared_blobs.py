"""A content that several files share is there for as long as any of them, whoever comes and goes at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import connection, connections, transaction

from accounts.models import User
from studio.models import MediaFile, Video
from studio.services.files.blobs import staged
from studio.services.files.store import new_file, store_file
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


def deletion(video: Video) -> threading.Thread:
    def delete() -> None:
        try:
            with all_tenants():
                delete_video(video)
        finally:
            connections.close_all()

    thread = threading.Thread(target=delete)
    thread.start()
    return thread


@pytest.fixture
def video(make_user: UserFactory, media_dir: Path) -> Video:
    owner: User = make_user()
    with all_tenants():
        source = store_file(path=media_dir / "clip.mp4", owner=owner, kind=SOURCE)
        return Video.objects.create(tenant_id=owner.tenant_id, owner=owner, type="vid2vid", source=source)


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
            thread = deletion(video)
            until(lambda: not thread.is_alive() or waits_for_a_content(), "deletion that waits or is through")
            file.save()
        thread.join()
        assert MediaFile.objects.get() == file
        assert default_storage.exists(file.storage_key)
        delete_video(Video.objects.create(tenant_id=file.tenant_id, owner=video.owner, type="vid2vid", source=file))
    assert stored_blobs() == before
