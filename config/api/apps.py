from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "config.api"
    label = "api"
    verbose_name = "HTTP API"

    def ready(self) -> None:
        # Registers the system checks.
        from config.api import checks  # noqa: F401
