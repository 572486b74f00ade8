from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "config.api"
    label = "api"
    verbose_name = "HTTP API"

    def ready(self) -> None:
        # Imported for what they register: the system checks and the schema's extensions.
        from config.api import checks, schema  # noqa: F401
