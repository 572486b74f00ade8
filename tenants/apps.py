from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate


class TenantsConfig(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        from tenants.row_security import secure_tables

        # After every migrate, so that a new tenant-owned table can't be forgotten.
        post_migrate.connect(secure_tables, dispatch_uid="tenants.row_security")
        pre_migrate.connect(_wait_for_everybody, sender=self)
        post_migrate.connect(_wait_as_ever, sender=self)


def _wait_for_everybody(using: str, **_: Any) -> None:
    """A migration waits for whoever reads or writes its table, however long."""
    _bound(using, bounded=False)


def _wait_as_ever(using: str, **_: Any) -> None:
    _bound(using, bounded=True)


def _bound(using: str, *, bounded: bool) -> None:
    from config.platform.locks import bound_waiting

    connections[using].ensure_connection()
    bound_waiting(connections[using].connection, bounded=bounded)
