"""PostgreSQL goes away and comes back under a running site and its upkeep: reaper, watcher and background worker."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import django_rq
import psycopg
import pytest
from django.conf import settings

from config.stack.postgres import SUPERUSER, Postgres
from config.stack.serving import UPKEEP
from tests.patience import Stopwatch
from tests.waiting import until
from tests.web_server import WebServer
from tests.worker import WorkerProcess

pytestmark = [pytest.mark.usefixtures("servers"), pytest.mark.timeout(300)]

BACK_SECONDS = 5.0
"""For a machine that is busy with other tests; by itself it is a fraction of a second."""


@dataclass
class Site:
    postgres: Postgres
    web: WebServer
    upkeep: WorkerProcess

    def execute(self, statement: str, *, role: str = "studio") -> list[tuple[object, ...]]:
        with psycopg.connect(self.postgres.url, user=role, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def is_reaped(self) -> bool:
        """Whether the reaper removes what has expired from now on."""
        self.execute("INSERT INTO durable_cache VALUES ('old', '', now() - interval '1 day') ON CONFLICT DO NOTHING")
        left = "SELECT count(*) FROM durable_cache WHERE cache_key = 'old'"
        return until(lambda: self.execute(left) == [(0,)], "reaper at work")

    def works_off_tasks(self) -> bool:
        """Whether the background worker does what is asked of it now."""
        queue = django_rq.get_queue(settings.BACKGROUND_QUEUE, commit_mode="auto")
        job = queue.enqueue("commerce.tasks.expire_orders", result_ttl=0)
        self.upkeep.until(rf"Job OK \({job.id}\)")
        return True

    def states(self) -> dict[str, str]:
        return self.web.ask("GET", "/api/status").json()["data"].get("programs", {})

    def all_run(self) -> bool:
        assert self.upkeep.process.poll() is None, "upkeep ended:\n" + "\n".join(self.upkeep.lines)
        return self.states() == dict.fromkeys(UPKEEP, "up")


@pytest.fixture(scope="module")
def site(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    # A server of our own: the session's is others' as well.
    folder = tmp_path_factory.mktemp("site")
    postgres = Postgres(folder / "postgres", durable=False)
    postgres.start()
    environment = {
        "DATABASE_URL": postgres.url,
        "STUDIO_DATA_DIR": str(folder),
        "REAP_INTERVAL_SECONDS": "1",
        "DATABASE_POOL_SIZE": "12",
    }
    subprocess.run(
        [sys.executable, "manage.py", "prepare"],
        cwd=settings.BASE_DIR,
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    with (
        WebServer(environment=environment) as web,
        WorkerProcess(command="upkeep", environment=environment) as upkeep,
    ):
        site = Site(postgres, web, upkeep)
        until(site.all_run, "signs of life")
        yield site
    postgres.stop()


def test_an_outage_is_a_503_that_ends_with_it(site: Site) -> None:
    # Every thread has used a connection, so there are many dead ones to be found.
    for _ in range(20):
        assert site.web.ask("GET", "/api/effects?search=a").status_code == 200
    site.postgres.stop()
    with Stopwatch() as watch:
        answer = site.web.ask("GET", "/api/effects?search=a")
    assert watch.seconds < BACK_SECONDS
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2"), answer.text
    assert answer.json()["code"] == "service_unavailable"
    page = site.web.ask("GET", "/admin/", cookies={"sessionid": "somebody"})
    assert (page.status_code, page.headers["Retry-After"]) == (503, "2")
    status = site.web.ask("GET", "/api/status")
    assert (status.status_code, status.json()["data"]["services"]["database"]) == (503, "down")
    site.postgres.start()
    with Stopwatch() as watch:
        until(lambda: site.web.ask("GET", "/api/status").status_code == 200, "healthy site")
    assert watch.seconds < BACK_SECONDS
    assert {site.web.ask("GET", "/api/effects?search=a").status_code for _ in range(20)} == {200}
    assert site.is_reaped()
    until(site.all_run, "signs of life")


def test_a_restart_is_seen_by_nobody(site: Site) -> None:
    assert site.web.ask("GET", "/api/effects?search=a").status_code == 200
    site.postgres.stop()
    site.postgres.start()
    assert [site.web.ask("GET", "/api/effects?search=a").status_code for _ in range(10)] == [200] * 10
    assert site.is_reaped()
    assert site.works_off_tasks()
    until(site.all_run, "signs of life")


def test_lost_sessions_stop_nobody(site: Site) -> None:
    for _ in range(5):
        site.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'studio'", role=SUPERUSER)
        assert site.is_reaped()
        assert site.works_off_tasks()
    assert site.web.ask("GET", "/api/effects?search=a").status_code == 200
    until(site.all_run, "signs of life")


def test_a_session_lost_within_a_query_costs_a_round(site: Site) -> None:
    with psycopg.connect(site.postgres.url) as holder:
        holder.execute("LOCK TABLE durable_cache, studio_renderjob")
        waiting = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE usename = 'studio' AND wait_event_type = 'Lock'"
        )
        until(lambda: site.execute(waiting, role=SUPERUSER), "query that waits")
    assert site.is_reaped()
    until(site.all_run, "signs of life")


def test_one_that_hangs_ends_itself_and_is_told(site: Site) -> None:
    environment = {"DATABASE_URL": site.postgres.url, "HEARTBEAT_SECONDS": "2", "REAP_INTERVAL_SECONDS": "1"}
    with psycopg.connect(site.postgres.url) as holder:
        holder.execute("LOCK TABLE studio_renderjob")
        # The site's own reaper has promised its last sign of life by now, and for longer.
        waiting = "SELECT pid FROM pg_stat_activity WHERE usename = 'studio' AND wait_event_type = 'Lock'"
        until(lambda: site.execute(waiting, role=SUPERUSER), "reaper that waits")
        with WorkerProcess(command="reap", environment=environment) as hung:
            assert hung.wait() == 70
            assert any("no sign of life" in line for line in hung.lines)
        until(lambda: site.states().get("reaper") == "down", "word of the hung reaper")
    until(site.all_run, "signs of life")
