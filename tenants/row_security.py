"""PostgreSQL row-level security for every tenant-owned table: what the code forgets, the database refuses.

The policies compare ``tenant_id`` with the session setting that ``tenants.postgresql`` maintains. They bind the table's
owner too (FORCE), but never a superuser: a check warns when the application connects as one.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections

from tenants.models import is_tenant_model

# Read once a statement, not once a row, as the value of a subquery. PostgreSQL guesses that a CASE is true for half of
# the rows, where it would take a comparison with an unknown value for nearly always false and dismiss the plans that
# suit LIMIT: a page of a million rows over all tenants took 8 times as long, a far one 9 times.
_SCOPE = "(SELECT current_setting('studio.tenant', true))"
_MINE = f"CASE {_SCOPE} WHEN '*' THEN true WHEN '' THEN false ELSE tenant_id = {_SCOPE}::bigint END"


def secure_tables(app_config: AppConfig, using: str = "default", **kwargs: object) -> None:
    """Create or refresh the policies of one app's tenant-owned tables (a ``post_migrate`` receiver)."""
    connection = connections[using]
    present = set(connection.introspection.table_names())
    models = [m for m in apps.get_app_config(app_config.label).get_models() if is_tenant_model(m)]
    with connection.cursor() as cursor:
        for model in models:
            if model._meta.db_table not in present:
                continue
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(
                f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
                f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
                f"DROP POLICY IF EXISTS tenant_rows ON {table};"
                f"DROP POLICY IF EXISTS shared_rows ON {table};"
                f"CREATE POLICY tenant_rows ON {table} USING ({_MINE}) WITH CHECK ({_MINE});"
            )
            if model._meta.get_field("tenant").null:
                # Rows of no tenant (built-in presets) are read by all and written by staff alone.
                cursor.execute(f"CREATE POLICY shared_rows ON {table} FOR SELECT USING (tenant_id IS NULL)")


@register(Tags.database)
def check_role(app_configs: object, databases: Sequence[str] | None = None, **kwargs: object) -> list[CheckMessage]:
    """Row-level security is void for superusers and roles with BYPASSRLS."""
    messages: list[CheckMessage] = []
    for alias in databases or []:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
            (exempt,) = cursor.fetchone()
        if exempt:
            messages.append(
                Warning(
                    "The database role bypasses row-level security.",
                    hint="Connect as a role with NOSUPERUSER NOBYPASSRLS.",
                    id="tenants.W001",
                )
            )
    return messages
