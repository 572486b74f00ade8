"""Where we listen, as others name it; and the settings that follow it."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from config.stack.addresses import local_url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8123"),
        ("0.0.0.0", "http://127.0.0.1:8123"),
        ("::", "http://127.0.0.1:8123"),
        ("::1", "http://[::1]:8123"),
        ("studio.example.com", "http://studio.example.com:8123"),
    ],
)
def test_a_server_is_reached_where_it_listens(host: str, url: str) -> None:
    assert local_url(host, 8123) == url


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({"PORT": "8123"}, "http://127.0.0.1:8123"),
        ({"PORT": "8123", "HOST": "0.0.0.0", "PUBLIC_URL": ""}, "http://127.0.0.1:8123"),
        ({"PORT": "8123", "PUBLIC_URL": "https://studio.example.com/"}, "https://studio.example.com"),
    ],
)
def test_the_public_address_follows_the_port(variables: dict[str, str], url: str) -> None:
    ours = {name: value for name, value in os.environ.items() if name not in {"HOST", "PORT", "PUBLIC_URL"}}
    code = "from config.settings.mail import PUBLIC_URL; print(PUBLIC_URL)"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, env=ours | variables, capture_output=True, text=True
    )
    assert found.stdout.strip() == url, found.stderr
