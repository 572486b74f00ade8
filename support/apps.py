from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "support"

    def ready(self) -> None:
        from accounts.services.data_holders import holders
        from support.services.personal_data import HOLDER

        holders[self.label] = HOLDER
