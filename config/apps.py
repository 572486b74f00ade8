from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.module_loading import autodiscover_modules


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Project"

    def ready(self) -> None:
        from config.platform.transactions import guard_transactions

        # All apps have their models by now.
        autodiscover_modules("plugs")
        guard_transactions()


class StudioAdminConfig(admin_apps.AdminConfig):
    """The Django admin with a site of ours; named in INSTALLED_APPS, hence no default of this package."""

    default = False
    default_site = "config.admin.StudioAdminSite"
