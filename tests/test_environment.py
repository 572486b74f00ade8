"""Every environment variable that the settings read is documented, and nothing else is."""

import re
from pathlib import Path

from django.conf import settings

from config.settings.environment import env

ASSIGNMENT = re.compile(r"^#?([A-Z][A-Z0-9_]*)=", re.MULTILINE)


def test_the_example_names_exactly_what_the_settings_read() -> None:
    documented = ASSIGNMENT.findall((Path(settings.BASE_DIR) / ".env.example").read_text())
    assert sorted(documented) == sorted(env.dump())
