"""A file that is deleted while a request is about to use it: the request is told, and nothing breaks."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from config.api.errors import NotFound
from effects.models import Effect
from studio.models import MediaFile, Video
from studio.services.videos.ai_jobs import create_effect_video
from studio.tests.applied import Upload
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db


def test_the_file_of_a_new_video(api: APIClient, user: User, cartoon: Effect, upload_clip: Upload) -> None:
    file_id = upload_clip()
    video = api.post("/api/videos", {"effect_id": cartoon.pk, "original_file_id": file_id}).json()["data"]
    with tenant_scope(user.tenant_id):
        read_before = MediaFile.objects.get(pk=file_id)
    assert api.delete(f"/api/videos/{video['id']}").status_code == 204
    with tenant_scope(user.tenant_id):
        with pytest.raises(NotFound):
            create_effect_video(user=user, effect=cartoon, source=read_before)
        assert not Video.objects.filter(deleted_at=None).exists()
