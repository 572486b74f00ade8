"""Nobody waits for a storage, a network or a program while a transaction is open."""

from __future__ import annotations

import http.client
import os
import shutil
import smtplib
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.contrib.auth.hashers import check_password, make_password
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from config.platform.redis_link import client
from config.platform.transactions import InTransaction
from studio.rendering.media.probe import probe
from tests.undone import undone

pytestmark = pytest.mark.django_db


@pytest.fixture
def listening() -> Iterator[int]:
    """The port of somebody who takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def stored() -> Iterator[str]:
    name = default_storage.save("guarded", ContentFile(b"x"))
    yield name
    default_storage.delete(name)


@pytest.mark.parametrize(
    "ask",
    [
        lambda name: default_storage.open(name),
        lambda name: default_storage.save("other", ContentFile(b"x")),
        lambda name: default_storage.delete(name),
        lambda name: default_storage.exists(name),
        lambda name: default_storage.size(name),
        lambda name: default_storage.listdir(""),
        lambda name: default_storage.get_modified_time(name),
    ],
)
def test_a_storage(stored: str, ask: Callable[[str], object]) -> None:
    with transaction.atomic(), pytest.raises(InTransaction):
        ask(stored)
    assert default_storage.exists(stored)
    assert default_storage.url(stored), "is written, not asked for"


@pytest.mark.parametrize(
    "ask",
    [
        lambda port: socket.create_connection(("127.0.0.1", port)),
        lambda port: requests.post(f"http://127.0.0.1:{port}/hook", timeout=10),
        lambda port: smtplib.SMTP("127.0.0.1", port, timeout=10),
        lambda port: client().ping(),
    ],
)
def test_a_network(servers: None, listening: int, ask: Callable[[int], object]) -> None:
    with transaction.atomic(), pytest.raises(InTransaction):
        ask(listening)


def test_a_connection_that_is_open_already(listening: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", listening, timeout=10)
    connection.connect()
    with transaction.atomic(), pytest.raises(InTransaction):
        connection.request("GET", "/")
    connection.close()


@pytest.mark.parametrize(
    "start",
    [
        lambda: subprocess.run([sys.executable, "-V"], check=True),
        lambda: os.posix_spawn(sys.executable, [sys.executable, "-V"], os.environ),
        lambda: os.system("true"),
    ],
)
def test_a_program(start: Callable[[], object]) -> None:
    with transaction.atomic(), pytest.raises(InTransaction):
        start()


def test_the_helper_that_looks_at_media(media_dir: Path) -> None:
    probe(media_dir / "clip.mp4")
    with transaction.atomic(), pytest.raises(InTransaction):
        probe(media_dir / "clip.mp4")


@pytest.mark.parametrize("hasher", ["tests.hashing.QuickArgon2PasswordHasher", "accounts.hashing.PatientArgon2Hasher"])
def test_a_password(settings: Any, hasher: str) -> None:
    settings.PASSWORD_HASHERS = [hasher]
    hashed = make_password("secret")
    for ask in (lambda: make_password("secret"), lambda: check_password("secret", hashed)):
        with transaction.atomic(), pytest.raises(InTransaction):
            ask()
    assert check_password("secret", hashed)


def test_long_work_on_files(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with transaction.atomic(), pytest.raises(InTransaction):
        shutil.rmtree(tmp_path / "folder")
    shutil.rmtree(tmp_path / "folder")


def test_what_a_test_takes_back_is_none_of_the_products_transactions(stored: str) -> None:
    with undone():
        assert default_storage.exists(stored)


def test_after_the_transaction_nothing_is_guarded(stored: str) -> None:
    seen = []
    with transaction.atomic():
        transaction.on_commit(lambda: seen.append(default_storage.size(stored)))
    assert default_storage.size(stored) == 1
