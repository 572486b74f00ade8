"""Every environment variable that the settings read is documented, and nothing else is; a wrong value names its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from config.settings.environment import env

ASSIGNMENT = re.compile(r"^#?([A-Z][A-Z0-9_]*)=", re.MULTILINE)
NUMBERS = [name for name, value in env.dump().items() if type(value) in (int, float)]
SWITCHES = [name for name, value in env.dump().items() if type(value) is bool]
WRONG = {
    **{name: ["abc", "", "-1", "1e999", "nan", "inf", "1,5", str(2**63)] for name in NUMBERS},
    **{name: ["maybe", "2"] for name in SWITCHES},
    "PORT": ["abc", "0", "65536", "-1", "8000.5"],
    "WEB_PROCESSES": ["abc", "0"],
    "RENDER_PRECISION": ["float8"],
    "STAFF_SECOND_FACTOR": ["perhaps"],
    "LOG_LEVEL": ["loud"],
    "LOG_FORMAT": ["xml"],
    "THROTTLE": ["perhaps"],
    "THROTTLE_LOGIN": ["often", "30", "30/", "0/min", "30/fortnight", "30/min\n"],
    "CURRENCY": ["US", "DOLLAR", "U$D"],
    "RENDER_DEVICE": ["CUDA 1", "cuda:"],
    "DATABASE_URL": ["abc"],
    "REDIS_URL": ["abc", "http://host"],
    "EMAIL_URL": ["abc"],
    "PUBLIC_URL": ["studio.example.com", "https://"],
    "S3_ENDPOINT_URL": ["minio:9000"],
    "OIDC_ISSUER": ["issuer"],
    "STUDIO_ADMIN_EMAIL": ["admin"],
    "SUPPORT_EMAIL": ["support at example.com"],
    "DISPOSABLE_DOMAINS_FILE": ["/nowhere/domains.txt"],
    "BREACHED_PASSWORDS_FILE": ["/nowhere/passwords.txt"],
    "STUDIO_DATA_DIR": ["/dev/null", "/dev/null/data"],
    "WORK_DIR": ["/dev/null"],
    "HIGH_PRIORITY_QUEUE": [""],
    "TENANT_DB_POOLS": [""],
    "BASE_DOMAIN": [""],
}
READ_EACH = """
import json, os, sys
for name, value in json.load(sys.stdin):
    os.environ[name] = value
    for module in [module for module in sys.modules if module.startswith("config.settings")]:
        del sys.modules[module]
    try:
        import config.settings
        print(json.dumps(None))
    except Exception as error:
        print(json.dumps(str(error)))
    del os.environ[name]
"""


def run(*command: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=settings.BASE_DIR,
        env={**os.environ, **environment},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_example_names_exactly_what_the_settings_read() -> None:
    documented = ASSIGNMENT.findall((Path(settings.BASE_DIR) / ".env.example").read_text())
    assert sorted(documented) == sorted(env.dump())


def test_a_wrong_value_names_its_variable() -> None:
    cases = [(name, value) for name, values in WRONG.items() for value in values]
    ended = run("-c", READ_EACH, given=json.dumps(cases))
    assert ended.returncode == 0, ended.stderr
    said = map(json.loads, ended.stdout.splitlines())
    accepted = [case for case, error in zip(cases, said, strict=True) if error is None or f'"{case[0]}"' not in error]
    assert accepted == []


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("PORT", "abc", "Not a valid integer."),
        ("WEB_PROCESSES", "0", "Must be a number from 1."),
        ("RENDER_PRECISION", "float8", "Must be one of: auto, float32."),
        ("STUDIO_DATA_DIR", "/dev/null", "/dev/null is no folder."),
        ("DEBUG", "maybe", "Not a valid boolean."),
    ],
)
@pytest.mark.parametrize("program", ["manage.py serve", "manage.py check", "-m config.web", "-m config.streams"])
def test_a_program_that_can_not_start_says_so_in_one_line(program: str, variable: str, value: str, reason: str) -> None:
    ended = run(*program.split(), **{variable: value})
    assert ended.returncode == 1
    line = f'Mage AI Studio can\'t start. Environment variable "{variable}" invalid: {reason}'
    assert ended.stderr.splitlines()[-1:] == [line]
    assert "Traceback" not in ended.stderr


def test_a_data_folder_that_nobody_can_write_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "serve.lock").mkdir()
    ended = run("manage.py", "serve", STUDIO_DATA_DIR=str(tmp_path))
    assert ended.returncode == 1
    assert (
        ended.stderr
        == f"serve: Can't write to {tmp_path}/serve.lock (Is a directory). Choose another STUDIO_DATA_DIR.\n"
    )
