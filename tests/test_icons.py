"""Every page names its icon: without one, a browser asks for ``/favicon.ico``, which there is not."""

from __future__ import annotations

import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from support import services


def icon(client: Client, path: str) -> str:
    """Of the page, below the static files."""
    page = client.get(path, headers={"accept": "text/html"})
    found = re.search(r'<link rel="icon" href="/static/([^"]+)"', page.content.decode())
    assert found, path
    return found[1]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/admin/login/", "/api/docs", "/deforumation-qt", "/gallery", "/reset-password"])
def test_a_page_names_its_icon(client: Client, path: str) -> None:
    assert finders.find(icon(client, path))


def test_the_page_of_a_support_request_names_its_icon(client: Client, db: None) -> None:
    ticket = services.file_anonymous_request(text="It doesn't play.", subject=8, login="Eve", email="eve@example.com")
    assert finders.find(icon(client, f"/support/requests/{services.follow_token(ticket)}"))
