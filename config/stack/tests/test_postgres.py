"""The embedded PostgreSQL: a role that row-level security binds, data that survives, nothing left behind."""

from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from config.stack.postgres import Postgres


@pytest.fixture
def postgres(tmp_path: Path):
    server = Postgres(tmp_path / "postgres", durable=False)
    server.start()
    yield server
    server.stop()


def test_the_role_owns_its_database_and_is_bound_by_row_level_security(postgres: Postgres) -> None:
    with closing(psycopg.connect(postgres.url)) as connection:
        role = connection.execute(
            "SELECT current_user, rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        owner = connection.execute(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert role == ("studio", False, False, True)
    assert owner == ("studio",)


def test_text_is_folded_as_unicode(postgres: Postgres) -> None:
    with closing(psycopg.connect(postgres.url)) as connection:
        assert connection.execute("SELECT 'ÉCLAIR' ILIKE 'éclair'").fetchone() == (True,)


def test_data_survives_a_restart(postgres: Postgres) -> None:
    with closing(psycopg.connect(postgres.url, autocommit=True)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    postgres.stop()
    postgres.start()
    with closing(psycopg.connect(postgres.url)) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_an_initialisation_cut_short_is_begun_again(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres", durable=False)
    (tmp_path / "postgres" / "data.new").mkdir()
    (tmp_path / "postgres" / "data.new" / "PG_VERSION").write_text("18")
    server.start()
    try:
        with closing(psycopg.connect(server.url)) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.stop()


def test_only_the_owner_reaches_the_socket(postgres: Postgres) -> None:
    with closing(psycopg.connect(postgres.url)) as connection:
        folder = Path(connection.info.host)
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / ".s.PGSQL.5432").stat().st_mode & 0o077 == 0


def test_a_server_that_cannot_start_says_so(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    server = Postgres(tmp_path / "postgres")
    with pytest.raises(RuntimeError, match="postgres stopped with status"):
        server.start()
