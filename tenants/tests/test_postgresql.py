"""The database backend: which tenant the session is told, and how moments are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connection, transaction

from tenants import scope
from tenants.models import Tenant
from tenants.scope import all_tenants
from tenants.services import create_tenant


def told() -> str:
    """The tenant that PostgreSQL believes in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('studio.tenant', true), '')")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_a_pooled_connection_never_brings_a_scope_along() -> None:
    """Whatever state it went back to the pool in."""
    for number in range(3):
        with scope.tenant_scope(number + 1):
            assert told() == str(number + 1)
            if number == 1:
                connection.close()
        connection.close()
        assert told() == ""
        with scope.tenant_scope(7), transaction.atomic():
            assert told() == "7"
            if number == 2:
                transaction.set_rollback(True)
        connection.close()
        assert told() == ""
        with scope.all_tenants():
            assert told() == "*"


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_went_back_within_a_transaction_is_asked_again() -> None:
    with scope.tenant_scope(1):
        assert told() == "1"
    with scope.tenant_scope(2):
        connection.set_autocommit(False)
        assert told() == "2"
        # The pool rolls back, and with that the server is at tenant 1 again.
        connection.close()
        assert told() == "2"
        connection.set_autocommit(True)
    assert told() == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-21 20:40:52.123456+00", datetime(2026, 11, 21, 20, 40, 52, 123456, UTC)),
        ("2026-11-21 20:40:52.1+00", datetime(2026, 11, 21, 20, 40, 52, 100000, UTC)),
        ("2026-01-01 00:00:00+00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("0001-01-01 00:00:00+00", datetime(1, 1, 1, tzinfo=UTC)),
        ("2026-07-01 12:00:00+05:30", datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=30)))),
    ],
)
@pytest.mark.parametrize("time_zone", ["UTC", "Asia/Kolkata"])
def test_moments_are_read_in_utc(text: str, moment: datetime, time_zone: str) -> None:
    if time_zone == "Asia/Kolkata" and moment.year == 1:
        moment = datetime(1900, 1, 1, tzinfo=UTC)
        text = moment.isoformat()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [time_zone])
        cursor.execute("SELECT %s::timestamptz", [text])
        (read,) = cursor.fetchone()
    assert read == moment
    assert read.tzinfo is UTC


@pytest.mark.django_db(transaction=True)
class TestLostConnections:
    def lose(self) -> None:
        with pytest.raises(OperationalError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    def test_the_next_query_has_another(self) -> None:
        self.lose()
        assert Tenant.objects.count() == 0
        self.lose()
        with transaction.atomic():
            assert Tenant.objects.count() == 0

    def test_the_change_of_the_scope_fails_as_everything_else_does(self) -> None:
        with transaction.atomic():
            self.lose()
            # What would have to be told to the session first.
            with all_tenants(), pytest.raises((OperationalError, InterfaceError)):
                Tenant.objects.count()
            transaction.set_rollback(True)
        assert Tenant.objects.count() == 0

    def test_a_transaction_is_not_split(self) -> None:
        def write() -> None:
            with transaction.atomic():
                create_tenant(name="first half")
                self.lose()
                create_tenant(name="second half")

        with pytest.raises((OperationalError, InterfaceError)):
            write()
        assert Tenant.objects.count() == 0

    def test_pooled_ones_are_looked_at(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            mine = cursor.fetchone()[0]
        parameters = connection.get_connection_params()
        where = {
            name: parameters[name] for name in ("host", "port", "dbname", "user", "password") if name in parameters
        }
        # Back into the pool, where it dies unseen.
        connection.close()
        with psycopg.connect(**where, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [mine])
        assert Tenant.objects.count() == 0
