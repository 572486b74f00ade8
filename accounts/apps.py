from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Users"

    def ready(self) -> None:
        # Listens for logins.
        from accounts.staff import sessions as staff_sessions  # noqa: F401
