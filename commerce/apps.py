from django.apps import AppConfig


class CommerceConfig(AppConfig):
    name = "commerce"

    def ready(self) -> None:
        # Registers the system checks.
        from accounts.services.data_holders import holders
        from accounts.services.newcomers import equip, verified
        from commerce import checks  # noqa: F401
        from commerce.services.personal_data import HOLDER
        from commerce.services.signup import welcome, welcome_verified

        equip.append(welcome)
        verified.append(welcome_verified)
        holders[self.label] = HOLDER
