"""What a tenant stores is counted as files come and go, whoever moves them."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import Max, Sum

from accounts.models import User
from studio.models import MediaFile, StoredBlob, TenantStorage
from studio.services.files.store import drop_files
from tenants.scope import all_tenants
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db


def add(owner: User, key: str, size: int) -> MediaFile:
    with all_tenants():
        return MediaFile.objects.create(
            tenant_id=owner.tenant_id, owner=owner, kind="source", original_filename="a.mp4", mime_type="video/mp4",
            size=size, sha256=f"{key:0>64}", storage_key=key, status="ready" if key else "rejected",
        )  # fmt: skip


def counted(owner: User) -> tuple[int, int]:
    found = TenantStorage.objects.filter(tenant_id=owner.tenant_id).values_list("bytes", "blobs").first()
    with all_tenants():
        blobs = MediaFile.objects.filter(tenant_id=owner.tenant_id).exclude(storage_key="").order_by()
        by_key = blobs.values("storage_key").annotate(blob=Max("size"))
        truth = (by_key.aggregate(sum=Sum("blob"))["sum"] or 0, by_key.count())
    assert (found or (0, 0)) == truth
    return truth


def test_a_blob_counts_once_however_many_files_share_it(make_user: UserFactory) -> None:
    ann, bob = make_user(name="ann"), make_user(name="bob")
    first, second = add(ann, "a", 10), add(ann, "a", 10)
    add(ann, "b", 5)
    add(bob, "c", 7)
    assert (counted(ann), counted(bob)) == ((15, 2), (7, 1))
    with all_tenants():
        first.delete()
        assert counted(ann) == (15, 2)
        second.delete()
    assert (counted(ann), counted(bob)) == ((5, 1), (7, 1))


def test_rows_that_go_in_one_statement_count_once(make_user: UserFactory) -> None:
    ann = make_user()
    for _ in range(3):
        add(ann, "a", 10)
    add(ann, "b", 5)
    with all_tenants():
        MediaFile.objects.filter(storage_key="a")._raw_delete("default")
    assert counted(ann) == (5, 1)
    assert list(StoredBlob.objects.values_list("storage_key", "files")) == [("b", 1)]


def test_a_row_that_loses_its_content_or_gets_one(make_user: UserFactory) -> None:
    ann = make_user()
    file = add(ann, "a", 10)
    empty = add(ann, "", 0)
    with all_tenants():
        MediaFile.objects.filter(pk=file.pk).update(storage_key="", size=0, status="rejected")
        assert counted(ann) == (0, 0)
        MediaFile.objects.filter(pk=empty.pk).update(storage_key="b", size=4)
        assert counted(ann) == (4, 1)
        drop_files([MediaFile.objects.get(pk=empty.pk)])
    assert counted(ann) == (0, 0)


def test_counters_that_drifted_are_put_right(make_user: UserFactory, capsys: pytest.CaptureFixture[str]) -> None:
    ann = make_user()
    add(ann, "a", 10)
    add(ann, "a", 10)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE studio_tenantstorage SET bytes = 99, blobs = 7")
        cursor.execute("UPDATE studio_storedblob SET files = 9")
    call_command("check_storage")
    assert "1 tenant" in capsys.readouterr().out
    assert counted(ann) == (10, 1)
    assert StoredBlob.objects.get().files == 2
    call_command("check_storage")
    assert "right" in capsys.readouterr().out
