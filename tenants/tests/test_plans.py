"""Row-level security under every kind of plan: it holds, and it does not spoil the plan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from studio.models import RenderJob, Video
from tenants import scope
from tenants.models import Tenant
from tenants.scope import all_tenants, tenant_scope
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

TENANTS, ROWS = 40, 4_000


@pytest.fixture
def videos(make_user: UserFactory) -> list[Video]:
    """One of each of two tenants."""
    made = []
    for name in ("ann", "bob"):
        owner = make_user(name=name)
        with tenant_scope(owner.tenant_id):
            made.append(Video.objects.create(owner=owner, type="vid2vid", title=name))
    return made


@pytest.fixture(params=["force_generic_plan", "force_custom_plan", "auto"])
def prepared(request: pytest.FixtureRequest) -> Iterator[str]:
    """A prepared statement that reads every video, under one way to plan it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('plan_cache_mode', %s, true)", [request.param])
        cursor.execute("PREPARE titles (text) AS SELECT title FROM studio_video WHERE title <> $1 ORDER BY title")
        yield "EXECUTE titles ('')"
        cursor.execute("DEALLOCATE titles")


def titles(statement: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [title for (title,) in cursor.fetchall()]


def test_a_prepared_plan_follows_the_scope(videos: list[Video], prepared: str) -> None:
    ann, bob = (video.tenant_id for video in videos)
    # Often enough for PostgreSQL to settle on a generic plan by itself.
    for _ in range(7):
        with tenant_scope(ann):
            assert titles(prepared) == ["ann"]
        with tenant_scope(bob):
            assert titles(prepared) == ["bob"]
        with all_tenants():
            assert titles(prepared) == ["ann", "bob"]
        assert titles(prepared) == []
        # A tenant that does not exist.
        with tenant_scope(2**62):
            assert titles(prepared) == []


def test_nothing_is_written_for_another_tenant(videos: list[Video]) -> None:
    ann, bob = videos
    with tenant_scope(ann.tenant_id), connection.cursor() as cursor:
        cursor.execute("UPDATE studio_video SET title = 'mine' WHERE id = %s", [bob.pk])
        assert cursor.rowcount == 0
        cursor.execute("DELETE FROM studio_video WHERE id = %s", [bob.pk])
        assert cursor.rowcount == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE studio_video SET title = 'anybody'")
        assert cursor.rowcount == 0


def plan_of(queryset: Any) -> dict[str, Any]:
    answer = json.loads(queryset.explain(format="json", analyze=True))
    return answer[0]["Plan"]


def rows_read(node: dict[str, Any]) -> int:
    """Of the tables of this plan, those that were dropped again included."""
    below = sum(rows_read(child) for child in node.get("Plans", ()))
    if "Relation Name" not in node:
        return below
    dropped = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return below + node["Actual Loops"] * (node["Actual Rows"] + dropped)


def test_a_page_of_the_staffs_list_reads_a_page_of_rows(make_user: UserFactory) -> None:
    owner = make_user()
    tenants = Tenant.objects.bulk_create(
        Tenant(name=str(n), slug=f"t{n}", domain=f"t{n}.example.com", db_pool="default") for n in range(TENANTS)
    )
    with all_tenants():
        Video.objects.bulk_create(
            Video(tenant=tenants[n % TENANTS], owner=owner, type="vid2vid", title=str(n)) for n in range(ROWS)
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE studio_video")
        assert scope.current() == scope.ALL
        page = Video.objects.select_related("owner").order_by("-id")[:50]
        assert rows_read(plan_of(page)) < ROWS / 10
        assert RenderJob.objects.count() == 0
