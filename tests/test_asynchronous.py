"""Progress, leases, signs of life and who was seen when do not wait for the disk; whatever else is written does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import LoginSession, User
from accounts.services.event_stream import _still_alive
from config.platform.heartbeat import Pulse
from studio.models import ModelFile, RenderJob
from studio.providers.lease import LeasedPort
from studio.rendering.ports import Progress
from studio.services.jobs import lifecycle as jobs
from studio.services.jobs import queue
from tenants.scope import all_tenants

pytestmark = pytest.mark.django_db(transaction=True)

TABLES = ("studio_renderjob", "api_heartbeat", "accounts_loginsession", "accounts_user")
_NOTE = """
CREATE TABLE waited (how text);
CREATE FUNCTION note_waiting() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO waited VALUES (current_setting('synchronous_commit'));
    RETURN NULL;
END $$;
ALTER ROLE CURRENT_USER SET synchronous_commit = on;
"""
_FORGET = """
ALTER ROLE CURRENT_USER RESET synchronous_commit;
DROP TABLE waited;
DROP FUNCTION note_waiting CASCADE;
"""
Waited = Callable[[Callable[[], object]], list[str]]


@pytest.fixture
def waited() -> Iterator[Waited]:
    """What the transactions of a call would have done at their ends, one for each row that they wrote."""

    def execute(sql: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)
        # New sessions, with or without the role's new default.
        connection.close()
        connection.close_pool()

    def noted(write: Callable[[], object]) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM waited")
            write()
        with connection.cursor() as cursor:
            cursor.execute("SELECT how FROM waited")
            return [str(how) for (how,) in cursor.fetchall()]

    triggers = (
        f"CREATE TRIGGER note AFTER INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION note_waiting();"
        for table in TABLES
    )
    execute(_NOTE + "".join(triggers))
    with all_tenants():
        yield noted
    execute(_FORGET)


@pytest.fixture
def job(api: APIClient, tiny_model: ModelFile, media_dir: Path) -> RenderJob:
    asked = {"type": "deforum", "prompt": "a sea", "length": 1, "fps": 12, "frameCount": 4, "seed": 7}
    assert api.post("/api/generate", asked).status_code == 200
    with all_tenants():
        job = queue.claim_next(worker="w", queues=settings.RENDER_QUEUES)
    assert job is not None
    return job


def test_a_renders_progress_and_lease_do_not_wait_but_its_end_does(job: RenderJob, waited: Waited) -> None:
    assert job.lease_id is not None
    port = LeasedPort(job, job.lease_id, threading.Event())
    assert waited(lambda: port.progress(Progress("rendering", 1, 4))) == ["off"]
    assert waited(port.renew) == ["off"]
    assert waited(lambda: jobs.give_back(job, lease_id=job.lease_id, count_attempt=False)) == ["on"]


def test_a_sign_of_life_does_not_wait(waited: Waited) -> None:
    assert waited(Pulse("program").beat) == ["off"]


def test_to_be_seen_does_not_wait_but_what_one_changes_does(user: User, api: APIClient, waited: Waited) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    LoginSession.objects.filter(user=user).update(last_seen_at=long_ago)
    assert waited(lambda: api.get("/api/auth/me")) == ["off"]
    LoginSession.objects.filter(user=user).update(last_seen_at=long_ago)
    sessions = set(LoginSession.objects.filter(user=user).values_list("pk", flat=True))
    assert waited(lambda: _still_alive(sessions)) == ["off"]
    assert waited(lambda: api.patch("/api/auth/me", {"name": "Ann"})) == ["on"]
