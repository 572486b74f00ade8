from django.apps import AppConfig


class CommerceConfig(AppConfig):
    name = "commerce"

    def ready(self) -> None:
        # Registers the system checks.
        from commerce import checks  # noqa: F401
