"""A claim and the figures read as much of a long queue as of a short one, and places are the order of claims."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from studio.models import RenderJob
from studio.services.jobs.places import EXACT, QueueSnapshot
from studio.services.jobs.queue import claim_next
from studio.tests.queue_rows import ensure_counted, execute, make_row
from tenants.scope import all_tenants
from tests.fixtures import UserFactory
from tests.plans import rows_read

QUEUES = settings.RENDER_QUEUES
USERS, EACH, PAST = 3_000, 1, 1
"""Users, renders of each that wait, and that are over."""

pytestmark = pytest.mark.django_db

_USERS = """
INSERT INTO accounts_user (email, name, first_name, last_name, role, tenant_id, tenant_role, is_active, password,
    created_at, updated_at)
SELECT 'queued' || n || '@example.com', 'Queued', '', '', role, tenant_id, tenant_role, true, '!', now(), now()
FROM accounts_user, generate_series(1, %s) AS n WHERE accounts_user.id = %s
"""
_VIDEOS = """
INSERT INTO studio_video (tenant_id, owner_id, type, title, status, parameters, input_payload, error, created_at,
    updated_at)
SELECT tenant_id, id, 'vid2vid', 'Queued', CASE WHEN n <= %s THEN 'queued' ELSE 'completed' END, '{}', '{}', '', now(),
    now()
FROM accounts_user, generate_series(1, %s) AS n WHERE name = 'Queued'
"""
_JOBS = """
INSERT INTO studio_renderjob (tenant_id, owner_id, video_id, purpose, workflow, provider, model_file_id, parameters,
    plan, status, queue, priority, attempts, productive_attempt, worker, progress, frames_done, frames_reached,
    frames_total, error, error_code, request_id, cause, dispatch_key, queued_at, started_at, finished_at,
    seconds_per_frame, price)
SELECT tenant_id, owner_id, id, 'final', 'vid2vid', 'local', %s, '{}', '{}', status, %s, id %% 3, 0, 0, '', 0, 0, 0, 10,
    '', '', '', '', gen_random_uuid(), now() + id * interval '1 ms',
    CASE status WHEN 'completed' THEN now() END, CASE status WHEN 'completed' THEN now() END,
    CASE status WHEN 'completed' THEN 1.5 END, 0
FROM studio_video WHERE title = 'Queued'
"""


@pytest.fixture
def last(user: User) -> Iterator[RenderJob]:
    """The last in a line of USERS * EACH renders, each user having PAST more behind them."""
    with all_tenants():
        # Of the model that the others are made with.
        first = make_row(user)
        execute(_USERS, USERS, user.pk)
        execute(_VIDEOS, EACH, EACH + PAST)
        execute(_JOBS, first.model_file_id, settings.LOW_PRIORITY_QUEUE)
        execute("ANALYZE")
        yield RenderJob.objects.queued().order_by("priority", "-queued_at")[0]


@pytest.fixture(params=["force_generic_plan", "force_custom_plan"])
def planned(request: pytest.FixtureRequest, last: RenderJob) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('plan_cache_mode', %s, true)", [request.param])
    return str(request.param)


def test_a_claim_reads_a_handful_of_rows(planned: str) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert claim_next(worker="w", queues=QUEUES)
    assert len(asked) <= 20
    for sql, rows in rows_read(asked).items():
        assert rows <= 20, sql


def test_the_figures_read_no_more_than_the_exact_places(planned: str, last: RenderJob) -> None:
    # A third of so small a table costs as much by index as the whole of it.
    execute("SET LOCAL enable_seqscan = off")
    with CaptureQueriesContext(connection) as asked:
        assert QueueSnapshot().figures(last).total_jobs_in_queue == USERS * EACH + 1
    assert len(asked) <= 12
    for sql, rows in rows_read(asked).items():
        assert rows <= EXACT + 100, sql


def test_places_in_a_long_line_are_the_order_of_claims(last: RenderJob) -> None:
    waiting = {job.pk: job for job in RenderJob.objects.queued()}
    snapshot = QueueSnapshot()
    # Everybody's first is read, once.
    places = {pk: snapshot.figures(job).your_position for pk, job in waiting.items() if pk % 40 == 0}
    claimed = [claim_next(worker="w", queues=QUEUES) for _ in range(120)]
    order = {job.pk: place for place, job in enumerate(claimed, start=1) if job}
    near = {pk: place for pk, place in places.items() if (place or 0) <= len(claimed)}
    assert near == {pk: place for pk, place in order.items() if pk in places}
    assert near


def test_the_estimate_of_the_last_is_behind_the_exact_places(last: RenderJob, make_user: UserFactory) -> None:
    queued = USERS * EACH + 1
    assert EXACT < (QueueSnapshot().figures(last).your_position or 0) <= queued
    urgent = make_row(make_user(), queue=settings.HIGH_PRIORITY_QUEUE)
    assert QueueSnapshot().figures(urgent).your_position == 1
    ensure_counted()
