from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Users"

    def ready(self) -> None:
        # Listens for logins.
        from accounts.staff import sessions as staff_sessions  # noqa: F401
        from accounts.staff.groups import make_groups

        post_migrate.connect(make_groups)
