"""What the tests of uploads, videos and AI jobs share: effects, uploaded clips, renders that are over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from commerce.services.wallets import open_credit_wallet
from effects.models import Effect
from studio.models import MediaFile, RenderJob, Video
from studio.services.files.store import store_file
from tenants.scope import all_tenants, tenant_scope

ClientOf = Callable[[User], APIClient]
Upload = Callable[..., int]
Finish = Callable[[int], None]

JOBS_URL = "/api/ai-jobs"


@pytest.fixture
def cartoon(db: None) -> Effect:
    """An effect on a video, with a property, at 10 credits."""
    return Effect.objects.create(
        name="Cartoon Style",
        slug="cartoon-style",
        type=Effect.Type.VIDEO_TRANSFORM,
        credits_cost=10,
        parameters={
            "prompt": "a cartoon, {{mood}}",
            "denoising": {"property": "intensity", "to": [0.2, 0.9]},
            "seed": 7,
        },
        configurable_properties=[
            {"key": "intensity", "type": "number", "range": [0, 1], "default": 0.5},
            {"key": "mood", "type": "text"},
            {"key": "backdrop", "type": "image"},
        ],
    )


@pytest.fixture
def dream(db: None) -> Effect:
    """An animation from a prompt alone, at 10 credits."""
    return Effect.objects.create(
        name="Dream",
        slug="dream",
        type=Effect.Type.ANIMATION,
        credits_cost=10,
        parameters={"prompt": "a dream", "length": 1, "fps": 12},
    )


@pytest.fixture
def clip(media_dir: Path) -> bytes:
    return (media_dir / "clip.mp4").read_bytes()


def announcement(effect: Effect, content: bytes, **changes: Any) -> dict[str, Any]:
    """The body that announces the content, in the document's words."""
    return {
        "effect_id": effect.pk,
        "mime_type": "video/mp4",
        "size": len(content),
        "original_filename": "my-video.mp4",
        **changes,
    }


@pytest.fixture
def upload_clip(api: APIClient, client: Client, cartoon: Effect, clip: bytes) -> Upload:
    """Announces the clip, sends it, and answers the file's id: not verified yet."""

    def upload(by: APIClient = api, content: bytes = clip, **changes: Any) -> int:
        answer = by.post("/api/videos/uploads", announcement(cartoon, content, **changes))
        assert answer.status_code == 200, answer.json()
        ticket = answer.json()["data"]
        kind = ticket["upload_headers"]["Content-Type"]
        sent = client.put(ticket["upload_url"], content, content_type=kind, headers=ticket["upload_headers"])
        assert sent.status_code == 200, sent.content
        return ticket["file"]["id"]

    return upload


@pytest.fixture
def finish(media_dir: Path) -> Finish:
    """Lets a queued job have been completed, with an output that is really there."""

    def finish(job_id: int) -> None:
        with all_tenants():
            job = RenderJob.objects.select_related("owner").get(pk=job_id)
            output = store_file(path=media_dir / "clip.mp4", owner=job.owner, kind=MediaFile.Kind.OUTPUT)
            RenderJob.objects.filter(pk=job_id).update(
                status=RenderJob.Status.COMPLETED, output=output, thumbnail=output, finished_at=timezone.now()
            )
            Video.objects.filter(pk=job.video_id).update(status=Video.Status.COMPLETED, output=output)

    return finish


@pytest.fixture
def video_id(api: APIClient, cartoon: Effect, upload_clip: Upload) -> int:
    """A video that waits for the cartoon effect."""
    body = {"effect_id": cartoon.pk, "original_file_id": upload_clip(), "input_payload": {"mood": "happy"}}
    return api.post("/api/videos", body).json()["data"]["id"]


def asked(effect: Effect, key: str = "one", **changes: Any) -> dict[str, Any]:
    return {"effect_id": effect.pk, "idempotency_key": key, **changes}


def jobs() -> list[RenderJob]:
    with all_tenants():
        return list(RenderJob.objects.select_related("video", "hold", "effect").order_by("pk"))


def credits(user: User) -> tuple[int, int]:
    """Balance, and what of it is held."""
    wallet = open_credit_wallet(user=user)
    return int(wallet.balance), int(wallet.held)


@pytest.fixture
def stored(user: User, media_dir: Path) -> MediaFile:
    """The fixture ``clip.mp4`` as a file of the user's."""
    with tenant_scope(user.tenant_id):
        return store_file(path=media_dir / "clip.mp4", owner=user, kind=MediaFile.Kind.SOURCE)


@pytest.fixture
def content(media_dir: Path) -> bytes:
    return (media_dir / "clip.mp4").read_bytes()
