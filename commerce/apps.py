from django.apps import AppConfig


class CommerceConfig(AppConfig):
    name = "commerce"

    def ready(self) -> None:
        # Registers the system checks.
        from accounts.services.data_holders import holders
        from accounts.services.newcomers import equip
        from commerce import checks  # noqa: F401
        from commerce.services.personal_data import HOLDER
        from commerce.services.wallets import open_credit_wallet

        equip.append(lambda user: open_credit_wallet(user=user))
        holders[self.label] = HOLDER
