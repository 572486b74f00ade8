from django.apps import AppConfig


class GalleryConfig(AppConfig):
    name = "gallery"

    def ready(self) -> None:
        from accounts.services.data_holders import holders
        from gallery.services.personal_data import HOLDER

        holders[self.label] = HOLDER
