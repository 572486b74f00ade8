"""Every environment variable that the settings read is documented, and nothing else is."""

import os
import re
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from config.settings.environment import env

ASSIGNMENT = re.compile(r"^#?([A-Z][A-Z0-9_]*)=", re.MULTILINE)


def test_the_example_names_exactly_what_the_settings_read() -> None:
    documented = ASSIGNMENT.findall((Path(settings.BASE_DIR) / ".env.example").read_text())
    assert sorted(documented) == sorted(env.dump())


def test_a_precision_that_does_not_exist_names_the_variable_and_what_there_is() -> None:
    environment = {**os.environ, "RENDER_PRECISION": "float8"}
    command = [sys.executable, "-c", "import config.settings"]
    ended = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert re.search(r'"RENDER_PRECISION" invalid: .*auto, float32', ended.stderr)
