from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TenantsConfig(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        from tenants.row_security import secure_tables

        # After every migrate, so that a new tenant-owned table can't be forgotten.
        post_migrate.connect(secure_tables, dispatch_uid="tenants.row_security")
