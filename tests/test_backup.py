"""``backup`` and ``restore``, as an operator runs them, on servers of their own and on the embedded ones."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from psycopg import sql

from config import backups
from config.backups import postgres
from config.stack.embedded import remember, remembered
from config.stack.folders import FolderLock
from config.stack.postgres import BINARIES, Postgres
from config.stack.redis import Redis

pytestmark = pytest.mark.timeout(300)

KEY = "Qm7xKp2Lw9Zt4Rv8Ns6Hb3Yd5Gf1Jc0Ae-Uo_iTqXzW"
CLIP = "files/1/clip.mp4"
PEOPLE = """
from accounts.models import User
from tenants.services import create_tenant
for name in ("ada", "grace"):
    User.objects.create(email=f"{name}@example.com", password="x", name=name, tenant=create_tenant(name=name))
"""


@dataclass(frozen=True)
class Studio:
    """A data folder with its servers running, as the environment of a command names them."""

    folder: Path
    servers: dict[str, str]

    def manage(self, *arguments: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        return manage(self.folder, *arguments, servers=self.servers, check=check)

    def rows(self) -> dict[str, list[str]]:
        return rows(self.servers["DATABASE_URL"])


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """Two tenants and a file."""
    folder = tmp_path_factory.mktemp("studio")
    remember(folder, {"SECRET_KEY": KEY})
    cache, database = Redis(folder / "redis"), Postgres(folder / "postgres", durable=False)
    with ExitStack() as cleanup:
        for server in (cache, database):
            server.start()
            cleanup.callback(server.stop)
        # Not what stack.env has: somebody's own servers.
        studio = Studio(folder, {"DATABASE_URL": database.url, "REDIS_URL": cache.url})
        studio.manage("prepare", check=True)
        studio.manage("shell", "-c", PEOPLE, check=True)
        (folder / "media" / CLIP).parent.mkdir(parents=True)
        (folder / "media" / CLIP).write_bytes(b"frames" * 1000)
        yield studio


@pytest.fixture(scope="module")
def backup(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("backups") / "monday"
    said = studio.manage("backup", str(target), check=True)
    assert "1 media files (6,000 bytes)" in said.stdout
    return target


def manage(
    folder: Path, *arguments: str, servers: dict[str, str] | None = None, check: bool = False
) -> subprocess.CompletedProcess[str]:
    """Without ``servers``, with those of the folder, which the command starts by itself."""
    ours = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    return subprocess.run(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments],
        env={**ours, "STUDIO_DATA_DIR": str(folder), **(servers or {})},
        capture_output=True,
        text=True,
        check=check,
    )


def rows(url: str) -> dict[str, list[str]]:
    """Every row of every table, of all tenants."""
    with psycopg.connect(url, options="-c studio.tenant=*") as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {
            name: sorted(
                row for (row,) in connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(name)))
            )
            for (name,) in names
        }


def test_it_tells_what_it_is_of_and_is_nobody_elses(backup: Path) -> None:
    told = json.loads((backup / "backup.json").read_text())
    assert told["media_files"] == 1
    assert "accounts.0001_initial" in told["migrations"]
    assert stat.S_IMODE(backup.stat().st_mode) == 0o700
    assert stat.S_IMODE((backup / "secret-key").stat().st_mode) == 0o600
    assert KEY not in (backup / "backup.json").read_text()


def test_it_comes_back_on_another_machine_with_its_key(studio: Studio, backup: Path, tmp_path: Path) -> None:
    before = studio.rows()
    assert len(before["tenants_tenant"]) >= 2
    manage(tmp_path / "other", "restore", str(backup), "--yes", check=True)
    other = Postgres(tmp_path / "other" / "postgres")
    other.start()
    try:
        assert rows(other.url) == before
    finally:
        other.stop()
    assert (tmp_path / "other" / "media" / CLIP).read_bytes() == b"frames" * 1000
    assert remembered(tmp_path / "other")["SECRET_KEY"] == KEY


def test_it_undoes_what_happened_since(studio: Studio, backup: Path) -> None:
    before = studio.rows()
    with psycopg.connect(studio.servers["DATABASE_URL"], options="-c studio.tenant=*") as connection:
        connection.execute("DELETE FROM studio_preset")
        connection.execute("CREATE TABLE of_a_later_version (id int)")
        connection.execute("INSERT INTO of_a_later_version VALUES (1)")
    (studio.folder / "media" / CLIP).unlink()
    studio.manage("restore", str(backup), "--yes", check=True)
    assert studio.rows() == before
    assert (studio.folder / "media" / CLIP).exists()
    with psycopg.connect(studio.servers["DATABASE_URL"]) as connection:
        forced = connection.execute("SELECT count(*) FROM pg_class WHERE relforcerowsecurity").fetchone()
        seen = connection.execute("SELECT count(*) FROM commerce_wallet").fetchone()
    assert forced is not None
    assert forced[0] > 5
    assert seen == (0,)


def test_a_dump_that_is_cut_short_changes_nothing(studio: Studio, backup: Path, tmp_path: Path) -> None:
    before = studio.rows()
    content = (backup / "database.dump").read_bytes()
    for kept in (len(content) // 2, len(content) - 10, 1000):
        (tmp_path / "cut.dump").write_bytes(content[:kept])
        with pytest.raises(RuntimeError, match="pg_restore failed"):
            postgres.restore(studio.servers["DATABASE_URL"], tmp_path / "cut.dump", tools=BINARIES)
        assert studio.rows() == before


def test_what_is_no_backup_of_ours_is_refused(studio: Studio, backup: Path, tmp_path: Path) -> None:
    manifest = json.loads((backup / "backup.json").read_text())
    shutil.copy(backup / "database.dump", tmp_path)
    with pytest.raises(backups.BackupError, match="no finished backup"):
        backups.read(tmp_path)
    for change, reason in (
        ({"database_bytes": 1}, "not the file that was written"),
        ({"made_at": None, "colour": "red"}, "can't be read"),
        (
            {"migrations": [*manifest["migrations"], "studio.9999_holograms"]},
            "newer version, which had studio.9999",
        ),
    ):
        (tmp_path / "backup.json").write_text(json.dumps({**manifest, **change}))
        with pytest.raises(backups.BackupError, match=reason):
            backups.load(tmp_path, database=studio.servers["DATABASE_URL"], tools=BINARIES)


def test_it_asks_before_it_replaces_and_does_nothing_beside_serve(backup: Path, tmp_path: Path) -> None:
    asked = manage(tmp_path, "restore", str(backup))
    assert (asked.returncode, "add --yes" in asked.stderr) == (1, True)
    serve = FolderLock(tmp_path)
    try:
        refused = manage(tmp_path, "restore", str(backup), "--yes")
    finally:
        serve.release()
    assert refused.returncode == 1
    assert "is in use by another `serve`" in refused.stderr


def test_it_does_not_replace_what_others_use(studio: Studio, backup: Path) -> None:
    with psycopg.connect(studio.servers["DATABASE_URL"]) as worker:
        worker.execute("SELECT 1")
        with pytest.raises(backups.BackupError, match=r"Others are connected to this database \(1\)"):
            backups.load(backup, database=studio.servers["DATABASE_URL"], tools=BINARIES)


def test_a_second_backup_into_the_folder_copies_only_what_is_new(studio: Studio, backup: Path) -> None:
    copied = (backup / "media" / CLIP).stat().st_mtime_ns
    studio.manage("backup", str(backup), check=True)
    assert (backup / "media" / CLIP).stat().st_mtime_ns == copied
