"""How a process of this project begins."""

import os
import sys

from environs import EnvError


def read_settings() -> None:
    """Read the environment. What is wrong there ends the process with one line that names it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    try:
        _ = settings.INSTALLED_APPS
    except (EnvError, ImproperlyConfigured) as error:
        reasons = getattr(error, "error_messages", None)
        text = str(error).replace(str(reasons), " ".join(reasons)) if isinstance(reasons, list) else str(error)
        sys.exit(f"Mage AI Studio can't start. {text}")
