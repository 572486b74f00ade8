"""A user who used everything, and whom they met: made over HTTP, with real files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from accounts.models import User
from studio.models import MediaFile, ModelFile, RenderJob, Video
from studio.services.files.store import store_file
from tenants.scope import all_tenants, tenant_scope

Row = dict[str, Any]


@dataclass
class Life:
    """What one user left, by the keys of the rows."""

    user: User
    api: APIClient
    videos: list[int] = field(default_factory=list)
    item: int = 0
    chat: int = 0
    ticket: int = 0


def live(user: User, api: APIClient, media_dir: Path, *, clip: bytes, whom: User) -> Life:
    """Upload, render, publish, chat with ``whom`` and ask support; every text has the user's name in it."""
    life, name = Life(user, api), user.name
    sent = {
        "attachment": SimpleUploadedFile(f"{name} original.mp4", clip),
        "soundtrack": SimpleUploadedFile(f"{name} song.mp3", (media_dir / "song.mp3").read_bytes()),
    }
    life.videos.append(did(api.post("/api/upload", {**sent, "type": "vid2vid"}, format="multipart"))["videoId"])
    life.videos.append(rendered(user, media_dir).pk)
    did(api.post(f"/api/videos/{life.videos[1]}/publish"))
    life.item = api.get("/api/gallery", {"per_page": 100}).json()["data"]["items"][0]["id"]
    life.chat = did(api.post("/api/chats", {"recipientUserId": whom.pk}))["id"]
    for text, attachment in (
        (f"I am {name}", {}),
        ("", {"attachmentId": _sources(user)[0].pk}),
        (f"{name} made this", {"attachmentId": life.videos[1], "attachmentType": "video"}),
    ):
        did(api.post("/api/messages", {"chatId": life.chat, "message": text, **attachment}))
    ticket = {"text": f"{name} asks", "subject": 8, "videoId": life.videos[0]}
    life.ticket = did(api.post("/api/support-request", {**ticket, "attachmentIds": [_sources(user)[0].pk]}))["id"]
    return life


def did(answer: Any) -> Row:
    assert answer.status_code in (200, 201), answer.json()
    return answer.json()["data"]


def rendered(user: User, media_dir: Path) -> Video:
    """A completed video of the user's, with the files that a render leaves."""
    model, _ = ModelFile.objects.get_or_create(slug="any", defaults={"name": "Any", "location": "none"})
    kind = MediaFile.Kind
    with tenant_scope(user.tenant_id):
        output = store_file(path=media_dir / "long.mp4", owner=user, kind=kind.OUTPUT, original_filename="output.mp4")
        picture = store_file(path=media_dir / "picture.png", owner=user, kind=kind.THUMBNAIL)
        video = Video.objects.create(
            owner=user, type="vid2vid", title=f"A film by {user.name}", status="completed", output=output,
            parameters={"prompt": f"{user.name} at sea"},
        )  # fmt: skip
        RenderJob.objects.create(
            video=video, owner=user, purpose="final", workflow="vid2vid", model_file=model, status="completed",
            parameters={"prompt": f"{user.name} at sea"}, plan={"prompt": f"{user.name} at sea"}, queue="low",
            frames_total=60, output=output, thumbnail=picture, poster=picture,
        )  # fmt: skip
    return video


def _sources(user: User) -> list[MediaFile]:
    with all_tenants():
        return list(MediaFile.objects.filter(owner=user, kind=MediaFile.Kind.SOURCE).order_by("pk"))


def blobs_of(user: User, *kinds: str) -> dict[int, str]:
    """The user's files and their blobs: key -> storage key."""
    with all_tenants():
        files = MediaFile.objects.filter(owner=user)
        if kinds:
            files = files.filter(kind__in=kinds)
        return dict(files.values_list("pk", "storage_key"))


def every_row(keep: Callable[[Any], bool] = lambda row: True) -> Iterator[tuple[str, str]]:
    """Every row of the database as (table and key, all its values as text)."""
    with all_tenants():
        for model in (found for found in apps.get_models(include_auto_created=True) if found._meta.managed):
            for row in model._base_manager.order_by("pk"):
                if keep(row):
                    values = {f.attname: f.value_from_object(row) for f in model._meta.concrete_fields}
                    yield f"{model._meta.label} {row.pk}", repr(values)
