"""Requests for one's data whose message was lost, or whose worker was killed in the middle: the row remembers them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import django_rq
import psycopg
import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django_rq.settings import QUEUES
from rest_framework.test import APIClient

from accounts.models import AuditEntry, DataRequest, User
from accounts.services import personal_data
from accounts.tests.copies import fetch_copy
from accounts.tests.mailbox import work
from commerce.services.wallets import open_credit_wallet
from config.api.models import UnqueuedTask
from studio.models import MediaFile
from tenants.scope import all_tenants
from tests.fixtures import PASSWORD
from tests.waiting import until
from tests.worker import WorkerProcess

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

Blobs = Callable[[], set[str]]


@pytest.fixture(autouse=True)
def _empty_queue(settings: Any, servers: None) -> None:
    settings.THROTTLES = {}
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    django_rq.get_queue(settings.BACKGROUND_QUEUE).empty()


@pytest.fixture
def files(user: User, api: APIClient, media_dir: Path) -> list[MediaFile]:
    """A clip and a song of the user's, uploaded."""
    open_credit_wallet(user=user)
    sent = {
        "attachment": SimpleUploadedFile("clip.mp4", (media_dir / "clip.mp4").read_bytes()),
        "soundtrack": SimpleUploadedFile("song.mp3", (media_dir / "song.mp3").read_bytes()),
    }
    assert api.post("/api/upload", {**sent, "type": "vid2vid"}, format="multipart").status_code in (200, 201)
    with all_tenants():
        return list(MediaFile.objects.filter(owner=user).order_by("pk"))


def test_a_worker_killed_in_the_middle_of_a_deletion(
    user: User, api: APIClient, files: list[MediaFile], stored_blobs: Blobs
) -> None:
    first, second = files
    assert api.post("/api/me/delete", {"password": PASSWORD}).status_code == 202
    # What the worker locks to remove the second file.
    with held("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", second.sha256), background() as worker:
        until(lambda: waiting("advisory"), "worker that waits for the second file")
        worker.kill()
    assert User.objects.get(pk=user.pk).name == "Deleted user"
    assert first.storage_key not in stored_blobs()
    assert second.storage_key in stored_blobs(), "the storage is behind the rows"
    assert DataRequest.objects.get().status == "pending"
    finish()
    assert second.storage_key not in stored_blobs()
    assert DataRequest.objects.get().status == "done"
    assert AuditEntry.objects.filter(event="account.deleted").count() == 1


def test_a_worker_killed_in_the_middle_of_an_export(api: APIClient, files: list[MediaFile]) -> None:
    asked = api.post("/api/me/export").json()["data"]["id"]
    path = f"/api/me/export/{asked}"
    # The copy is in the storage, and the worker can't say so.
    with held(f"LOCK TABLE {AuditEntry._meta.db_table} IN EXCLUSIVE MODE"), background() as worker:
        until(lambda: waiting("relation"), "worker that waits to finish")
        assert default_storage.exists(f"exports/{asked}.zip")
        # A second worker leaves it to the first.
        personal_data.export(asked)
        assert DataRequest.objects.get().status == "pending"
        worker.kill()
    assert api.get(path).status_code == 404
    assert api.post("/api/me/export").json()["code"] == "already_requested"
    finish()
    assert len(fetch_copy(api, path).files) == 2
    assert [name for name in default_storage.listdir("exports")[1] if asked in name] == [f"{asked}.zip"]
    assert api.post("/api/me/export").status_code == 202, "and another may be asked for"


@pytest.mark.parametrize("body", [{"path": "/api/me/export"}, {"path": "/api/me/delete", "password": PASSWORD}])
def test_a_message_that_redis_did_not_take(
    user: User, api: APIClient, files: list[MediaFile], body: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as away:
        away.setitem(QUEUES, settings.BACKGROUND_QUEUE, {"URL": "redis://127.0.0.1:1/0"})
        assert api.post(body.pop("path"), body).status_code == 202
    call_command("reap", once=True)
    work()
    assert DataRequest.objects.get().status == "pending", "it may be under way: the reaper waits a while"
    finish()
    assert DataRequest.objects.get().status == "done"


def test_a_mail_that_redis_did_not_take(
    user: User, anonymous: APIClient, monkeypatch: pytest.MonkeyPatch, mailoutbox: list[EmailMessage]
) -> None:
    with monkeypatch.context() as away:
        away.setitem(QUEUES, settings.BACKGROUND_QUEUE, {"URL": "redis://127.0.0.1:1/0"})
        assert anonymous.post("/api/auth/forgot-password", {"email": user.email}).status_code == 200
        call_command("reap", once=True)
    assert UnqueuedTask.objects.count() == 1, "Redis is still away"
    for _ in range(2):
        call_command("reap", once=True)
    assert not UnqueuedTask.objects.exists()
    work()
    assert [mail.to for mail in mailoutbox] == [[user.email]]


def finish() -> None:
    """Minutes later: two reapers, and a worker that finds what they queued."""
    django_rq.get_queue(settings.BACKGROUND_QUEUE).empty()
    DataRequest.objects.update(queued_at=F("queued_at") - timedelta(hours=1))
    for _ in range(2):
        call_command("reap", once=True)
    queued = [job.func_name for job in django_rq.get_queue(settings.BACKGROUND_QUEUE).jobs]
    assert len([name for name in queued if name.startswith("accounts.")]) == 1
    work()


def background() -> WorkerProcess:
    # A burst has no scheduler, which would outlive a kill.
    return WorkerProcess("--burst", command="background_worker")


@contextmanager
def held(statement: str, *parameters: str) -> Iterator[None]:
    """Keep what the statement locks while the block runs, as another process would."""
    about = connection.settings_dict
    address = {"host": about["HOST"], "port": about["PORT"], "user": about["USER"], "password": about["PASSWORD"]}
    with psycopg.connect(**{key: value for key, value in address.items() if value}, dbname=about["NAME"]) as holder:
        holder.execute(statement, parameters)
        yield


def waiting(kind: str) -> int:
    """How many processes wait for a lock of this kind."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = %s AND NOT granted", [kind])
        return cursor.fetchone()[0]
