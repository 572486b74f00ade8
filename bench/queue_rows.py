"""A queue of any size, written by the database itself, for ``bench.queue``."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from config.stack.postgres import ROLE, SUPERUSER


@dataclass(frozen=True)
class Size:
    """Renders that wait, users they belong to in turn, and finished renders of each user."""

    queued: int
    users: int
    past: int

    def __str__(self) -> str:
        return f"{self.queued:8,} queued {self.users:7,} users {self.past:8,} past each"


_EMPTY = """
TRUNCATE studio_renderjob, studio_video, studio_queueturn, studio_queueuser, studio_queuetotal, studio_modelfile,
    accounts_user, tenants_tenant CASCADE
"""

_FILL = """
INSERT INTO tenants_tenant (id, name, slug, domain, db_pool, created_at)
VALUES (1, 'Bench', 'bench', 'bench.example.com', 'default', now());
INSERT INTO accounts_user (id, email, name, first_name, last_name, role, tenant_id, tenant_role, is_active, password,
    created_at, updated_at)
SELECT n, 'person' || n || '@example.com', 'Person', '', '', 0, 1, 'owner', true, '!', now(), now()
FROM generate_series(1, {users}) AS n;
INSERT INTO studio_modelfile (id, name, slug, description, version, family, model_type, location, preview_url, enabled,
    is_default, price_per_frame, max_pixels, steps, scheduler, created_at, updated_at)
VALUES (1, 'Bench', 'bench', '', '', 'sd15', 'checkpoint', 'bench', '', true, false, 1, 262144, 20, '', now(), now());
INSERT INTO studio_video (id, tenant_id, owner_id, type, title, status, parameters, input_payload, error, created_at,
    updated_at)
SELECT n, 1, 1 + n % {users}, 'vid2vid', 'Bench', CASE WHEN n <= {queued} THEN 'queued' ELSE 'completed' END, '{{}}',
    '{{}}', '', now(), now()
FROM generate_series(1, {queued} + {users}::bigint * {past}) AS n;
INSERT INTO studio_renderjob (id, tenant_id, owner_id, video_id, purpose, workflow, provider, model_file_id, parameters,
    plan, status, queue, priority, attempts, productive_attempt, worker, progress, frames_done, frames_reached,
    frames_total, error, error_code, request_id, cause, queued_at, started_at, finished_at, seconds_per_frame, price)
SELECT v.id, 1, v.owner_id, v.id, 'final', 'vid2vid', 'local', 1, '{{}}', '{{}}', v.status,
    (ARRAY['high', 'medium', 'low'])[1 + v.id % 3], 0, 0, 0, '', 0, CASE v.status WHEN 'completed' THEN 48 ELSE 0 END,
    0, 48, '', '', '', '', now() - {queued} * interval '1 ms' + v.id * interval '1 ms',
    CASE v.status WHEN 'completed' THEN now() - interval '1 day' + v.id * interval '1 ms' END,
    CASE v.status WHEN 'completed' THEN now() - interval '1 day' + v.id * interval '2 ms' END,
    CASE v.status WHEN 'completed' THEN 1.5 END, 10
FROM studio_video AS v;
INSERT INTO studio_queueuser (owner_id, running, served)
SELECT owner_id, 0, nextval('studio_served') FROM studio_renderjob WHERE started_at IS NOT NULL GROUP BY 1;
"""

_COUNT = (
    "SELECT count(studio_recount_user(owner_id)) FROM "
    "(SELECT DISTINCT owner_id FROM studio_renderjob WHERE status = 'queued') AS active",
    "SELECT count(studio_recount_totals(part)) FROM generate_series(0, 31) AS part",
    "VACUUM (ANALYZE)",
)
_KEYS = ("studio_renderjob", "studio_video", "accounts_user", "tenants_tenant", "studio_modelfile")


def fill(url: str, size: Size) -> None:
    """Put this queue in the place of what is there, vacuumed as autovacuum would in time."""
    with psycopg.connect(url.replace(f"//{ROLE}@", f"//{SUPERUSER}@"), autocommit=True) as connection:
        connection.execute("SELECT set_config('studio.tenant', '*', false)")
        connection.execute("SET synchronous_commit = off")
        # Foreign keys and counters rest meanwhile.
        connection.execute("SET session_replication_role = replica")
        connection.execute(_EMPTY)
        connection.execute(_FILL.format(queued=size.queued, users=size.users, past=size.past))
        for table in _KEYS:
            connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
        for statement in _COUNT:
            connection.execute(statement)
