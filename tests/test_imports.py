"""What a process loads before it has anything to do: each of these costs all of them seconds and tens of megabytes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings

SETUP = "import django; django.setup()"
FOR_RENDERS = {"torch", "diffusers", "transformers", "accelerate", "peft", "safetensors", "sympy", "av", "PIL"}
FOR_SOME = {"boto3", "s3transfer", "stripe", "tqdm", "pytest"}
FOR_THE_SITE = {"django", "redis", "rest_framework", "numpy", "cv2", "requests", "multiprocessing"}
FOR_REQUESTS = {"django.db.models", "psycopg", "rest_framework", "accounts", "studio", "numpy", "cv2", "requests"}


@pytest.mark.parametrize(
    ("what", "forbidden"),
    [
        pytest.param(f"{SETUP}; import config.urls", FOR_RENDERS | FOR_SOME, id="any manage.py"),
        pytest.param("import config.rsgi", FOR_RENDERS | FOR_SOME, id="web"),
        pytest.param("import config.streams.__main__", FOR_RENDERS | FOR_SOME | FOR_REQUESTS, id="event server"),
        pytest.param(f"{SETUP}; import config.management.commands.upkeep", FOR_RENDERS | FOR_SOME, id="upkeep"),
        # Beyond torch, which the command itself loads.
        pytest.param(f"{SETUP}; import studio.management.commands.render_worker", FOR_RENDERS, id="render_worker"),
        pytest.param("import config.stack.__main__", FOR_RENDERS | FOR_SOME | FOR_THE_SITE, id="serve"),
    ],
)
def test_nothing_large_is_loaded_before_it_is_needed(what: str, forbidden: set[str]) -> None:
    listing = f"{what}; import sys; print(*sys.modules)"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
    ended = subprocess.run(
        [sys.executable, "-c", listing], cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert forbidden & set(ended.stdout.split()) == set()
