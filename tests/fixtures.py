"""Fixtures of the whole project: people, their API clients, small real media and a small real model."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ffmpeg
import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from rest_framework.test import APIClient

from accounts.models import User, normalise_email
from accounts.services import Device, open_session
from config.settings.access import PASSWORD_HASHERS
from studio.models import ModelFile
from studio.rendering.media.ffmpeg import binary
from tenants.services import create_tenant

PASSWORD = "correct horse battery"

UserFactory = Callable[..., User]


@functools.cache
def _hash_of_password(hasher: str) -> str:
    """Of PASSWORD, once: a good hasher takes longer than most tests."""
    return make_password(PASSWORD)


@pytest.fixture
def real_hashing(settings: Any) -> None:
    """For tests that are about hashing: the hashers of a running studio."""
    settings.PASSWORD_HASHERS = [*PASSWORD_HASHERS]


@pytest.fixture
def make_user(db: None) -> UserFactory:
    """Makes users: each in a tenant of their own, unless ``tenant=`` says otherwise."""
    number = itertools.count(1)

    def make(**fields: Any) -> User:
        name = fields.pop("name", f"person{next(number)}")
        tenant = fields.pop("tenant", None) or create_tenant(name=name)
        fields.setdefault("email", f"{name}@example.com")
        password = _hash_of_password(settings.PASSWORD_HASHERS[0])
        return User.objects.create(
            email=normalise_email(fields.pop("email")), password=password, name=name, tenant=tenant, **fields
        )

    return make


@pytest.fixture
def client_of() -> Callable[[User], APIClient]:
    """An API client that carries a fresh access token of the user."""

    def client(user: User) -> APIClient:
        api = APIClient()
        api.credentials(HTTP_AUTHORIZATION=f"Bearer {open_session(user=user, device=Device()).access}")
        return api

    return client


@pytest.fixture
def user(make_user: UserFactory) -> User:
    return make_user()


@pytest.fixture
def api(user: User, client_of: Callable[[User], APIClient]) -> APIClient:
    """The client of ``user``."""
    return client_of(user)


@pytest.fixture
def anonymous() -> APIClient:
    return APIClient()


@pytest.fixture(scope="session")
def media_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small real media, made by ffmpeg: ``clip.mp4`` (12 frames, sound), ``long.mp4`` (60), a song, a picture."""
    folder = tmp_path_factory.mktemp("media")
    tone = ffmpeg.input("sine=frequency=440:duration=1", f="lavfi")
    picture = ffmpeg.input("testsrc2=size=96x64:rate=12:duration=1", f="lavfi")
    longer = ffmpeg.input("testsrc2=size=96x64:rate=12:duration=5", f="lavfi")
    for name, streams, options in (
        ("clip.mp4", (picture, tone), {"pix_fmt": "yuv420p"}),
        ("long.mp4", (longer,), {"pix_fmt": "yuv420p"}),
        ("song.mp3", (tone,), {}),
        ("picture.png", (picture,), {"frames:v": 1}),
        ("other.png", (ffmpeg.input("color=orange:size=96x64", f="lavfi"),), {"frames:v": 1}),
    ):
        ffmpeg.output(*streams, str(folder / name), **options).run(cmd=binary(), quiet=True)
    return folder


@pytest.fixture(scope="session")
def tiny_model_dir() -> str:
    """The name, inside the model folder, of a real diffusers model small enough for tests."""
    from studio.rendering.models.tiny import build_sd15

    folder = Path(settings.MODEL_DIR) / "tiny"
    if not folder.exists():
        build_sd15(folder)
    return folder.name


@pytest.fixture
def tiny_model(db: None, tiny_model_dir: str) -> ModelFile:
    """The default model of a test: renders a frame in milliseconds."""
    return ModelFile.objects.create(
        name="Tiny", slug="tiny", location=tiny_model_dir, is_default=True, max_pixels=64 * 64, steps=2
    )


@pytest.fixture
def stored_blobs() -> Callable[[], set[str]]:
    """The blobs in the storage right now."""
    root = Path(settings.MEDIA_ROOT)
    return lambda: {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
