"""Nobody waits for the storage while a transaction is open, and what a source is is found out once."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from rest_framework.test import APIClient

from config.storage import InTransaction
from studio.models import MediaFile
from tenants.scope import all_tenants
from tests.fixtures import Upload

pytestmark = pytest.mark.django_db


def test_a_file_asked_for_in_a_transaction_is_an_error() -> None:
    default_storage.save("guarded", ContentFile(b"x"))
    with transaction.atomic():
        for ask in (
            lambda: default_storage.open("guarded"),
            lambda: default_storage.save("other", ContentFile(b"x")),
            lambda: default_storage.delete("guarded"),
        ):
            with pytest.raises(InTransaction):
                ask()
        assert default_storage.exists("guarded")
    default_storage.delete("guarded")


def test_a_source_is_looked_at_once(api: APIClient, upload: Upload) -> None:
    """A second look at the stored file would find nothing that can be decoded."""
    video_id = upload()
    with all_tenants():
        source = MediaFile.objects.get(kind=MediaFile.Kind.SOURCE)
        assert source.facts is not None
        assert source.facts["frame_count"] == source.frame_count
    Path(default_storage.path(source.storage_key)).write_bytes(b"\0" * source.size)
    body = {"videoId": video_id, "type": "vid2vid", "prompt": "a house"}
    assert api.post("/api/generate", body, format="json").status_code == 200
    # What was stored by an earlier release is looked at when it is asked for.
    with all_tenants():
        MediaFile.objects.filter(pk=source.pk).update(facts=None)
    api.post(f"/api/cancelJob/{video_id}")
    refused = api.post("/api/generate", body, format="json")
    assert (refused.status_code, refused.json()["code"]) == (422, "source_damaged")
