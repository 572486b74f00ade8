"""Whoever needs what another transaction holds waits a moment, and is told so; in every app, of whatever holds it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.db.models.signals import post_migrate, pre_migrate
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from commerce.services.wallets import personal_balance
from commerce.tests.races import race
from config.platform.locks import session_lock
from messaging.services import open_chat
from studio.models import ModelFile
from studio.services.jobs.queue import claim_next
from support.services import file_request
from tenants.scope import all_tenants
from tests.fixtures import PASSWORD, UserFactory
from tests.renders import DEFORUM
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def impatient(settings: Any) -> Iterator[None]:
    """Connections that wait for a tenth of a second, where a running studio's wait for seconds."""
    settings.THROTTLES = {}
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        (usual,) = cursor.fetchone()
        cursor.execute("SET lock_timeout = '100ms'")
        yield
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [usual])


@contextmanager
def held(*tables: str) -> Iterator[None]:
    """As a transaction that changes all their rows would: others read them, and can neither change nor lock one."""
    with psycopg.connect(**_address()) as holder:
        for table in tables:
            holder.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        yield


def _address() -> dict[str, Any]:
    about = connection.settings_dict
    wanted = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    return {key: about[name] for key, name in wanted.items() if about[name]}


def ensure_told(answer: Any) -> None:
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict"), answer.content
    assert answer.headers["Retry-After"] == "1"


def test_accounts(api: APIClient, user: User) -> None:
    login = {"email": user.email, "password": PASSWORD}
    with held("accounts_user"):
        ensure_told(api.patch("/api/auth/me", {"name": "Ann"}))
        ensure_told(api.patch("/api/tenant", {"name": "Ann's"}))
    with held("accounts_loginlock"):
        ensure_told(APIClient().post("/api/auth/login", login))
    tokens = APIClient().post("/api/auth/login", login).json()["data"]
    with held("accounts_loginsession"):
        ensure_told(APIClient().post("/api/auth/refresh", {"refresh_token": tokens["refresh_token"]}))


def test_studio(api: APIClient, user: User, tiny_model: ModelFile, media_dir: Path) -> None:
    render = {**DEFORUM, "frameCount": 2}
    for table in ("accounts_user", "studio_renderjob", "studio_queueuser"):
        with held(table):
            ensure_told(api.post("/api/generate", render))
    job = api.post("/api/generate", render).json()["data"]
    for table in ("studio_renderjob", "studio_video"):
        with held(table):
            ensure_told(api.post(f"/api/cancelJob/{job['videoId']}"))
            ensure_told(api.delete(f"/api/videos/{job['videoId']}"))
    with held("studio_video"):
        ensure_told(api.patch(f"/api/videos/{job['videoId']}", {"title": "Mine"}))
    with held("tenants_tenant"):
        clip = SimpleUploadedFile("clip.mp4", (media_dir / "clip.mp4").read_bytes())
        ensure_told(api.post("/api/upload", {"attachment": clip, "type": "vid2vid"}, format="multipart"))
    assert api.post(f"/api/cancelJob/{job['videoId']}").status_code == 200, "nothing was left half done"


def test_a_claim(user: User) -> None:
    with all_tenants(), held("studio_queueuser"), pytest.raises(OperationalError, match="lock timeout"):
        claim_next(worker="w", queues=settings.RENDER_QUEUES)


def test_gallery(api: APIClient, user: User, tiny_model: ModelFile) -> None:
    video = api.post("/api/generate", {**DEFORUM, "frameCount": 2}).json()["data"]
    with held("studio_video"):
        ensure_told(api.post(f"/api/videos/{video['videoId']}/publish"))


def test_commerce(api: APIClient, user: User) -> None:
    purse = personal_balance(user=user).pk
    with held("commerce_wallet"):
        ensure_told(api.put("/api/user-wallets", {"id": purse, "info": "savings"}))
        ensure_told(api.delete(f"/api/user-wallets/{purse}"))


def test_a_key_that_another_transaction_claims(api: APIClient, tiny_model: ModelFile) -> None:
    with held("api_idempotencyrecord"):
        ensure_told(api.post("/api/generate", {**DEFORUM, "frameCount": 2}, headers={"Idempotency-Key": "k"}))


def test_effects(make_user: UserFactory, client_of: Any) -> None:
    staff = client_of(make_user(role=User.Role.ADMINISTRATOR))
    fun = {"name": "Fun", "slug": "fun", "sort_order": 1}
    category = staff.post("/api/admin/categories", fun).json()["data"]
    with held("effects_category"):
        ensure_told(staff.patch(f"/api/admin/categories/{category['id']}", {**fun, "name": "More fun"}))


def test_messaging(api: APIClient, user: User, make_user: UserFactory) -> None:
    chat = open_chat(user=user, recipient_id=make_user().pk)
    with held("messaging_chat"):
        ensure_told(api.post("/api/messages", {"chatId": chat.pk, "message": "Hi"}))
        ensure_told(api.post(f"/api/chats/{chat.pk}/read"))


def test_support(api: APIClient, user: User) -> None:
    ticket = file_request(user=user, text="Help", subject=0, about={})
    with held("support_supportrequest"):
        ensure_told(api.post("/api/send-support-request-message", {"supportRequestId": ticket.pk, "text": "Still"}))


def test_a_page_of_the_staffs(make_user: UserFactory) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(make_user(role=User.Role.SUPER_ADMINISTRATOR))
    with held("effects_category"):
        page = client.post(
            "/admin/effects/category/add/", {"name": "Fun", "slug": "fun", "kind": "effect", "sort_order": 0}
        )
    assert (page.status_code, page.headers["Retry-After"]) == (409, "1"), page.content


def test_every_connection_has_the_bound() -> None:
    seen = race([_bound, _bound])
    assert seen == [settings.LOCK_TIMEOUT_SECONDS * 1000] * 2


def test_who_means_to_wait_waits_longer_and_has_the_bound_again() -> None:
    seen: list[Any] = []

    def wait() -> None:
        try:
            with session_lock("a name", wait=True) as mine:
                seen.extend([mine, _bound()])
        finally:
            connection.close()

    waiting = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND clock_timestamp() - waitstart > interval '0.3 s'"
    with psycopg.connect(**_address(), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended('a name', 1))")
        with session_lock("a name") as mine:
            assert not mine
        thread = threading.Thread(target=wait)
        thread.start()
        until(lambda: other.execute(waiting).fetchone() is not None, "waiter that waits longer than it is usual here")
    thread.join()
    assert seen == [True, settings.LOCK_TIMEOUT_SECONDS * 1000]


def test_a_migration_waits_for_whoever_uses_its_tables() -> None:
    about = apps.get_app_config("tenants")
    sent: dict[str, Any] = {"sender": about, "app_config": about, "using": "default", "interactive": False}
    pre_migrate.send(**sent)
    assert _bound() == 0
    post_migrate.send(**sent, verbosity=0, plan=[], apps=apps)
    assert _bound() == settings.LOCK_TIMEOUT_SECONDS * 1000


def _bound() -> int:
    """How long this connection waits, in milliseconds; 0: for ever."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT setting::int FROM pg_settings WHERE name = 'lock_timeout'")
        (milliseconds,) = cursor.fetchone()
    return int(milliseconds)
