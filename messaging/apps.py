from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        from accounts.services.data_holders import holders
        from messaging.services.personal_data import HOLDER

        holders[self.label] = HOLDER
