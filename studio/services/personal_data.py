"""What the studio holds of a user: shown in an export, and gone with the account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from django.core.exceptions import SuspiciousFileOperation
from django.utils.text import get_valid_filename

from accounts.data_holders import Holder, StoredFile
from accounts.models import User
from config.platform.events import forget_jobs
from studio.models import FrameRecord, MediaFile, Preset, RenderEvent, RenderJob, Steering, SteeringCommand, Video
from studio.providers import LOCAL, take_back
from studio.services.files.blobs import letting_go
from studio.services.files.upload_targets import current_target
from studio.services.steering.pictures import forget_thumbnails
from studio.services.videos.library import withdraw_video

_KIND = MediaFile.Kind
_OF_THE_USER = (_KIND.SOURCE, _KIND.SOUNDTRACK, _KIND.OUTPUT, _KIND.PREVIEW, _KIND.STILL, _KIND.ANIMATION)
"""Originals and results; the rest is made from them."""


def stored_files(user: User) -> Iterator[StoredFile]:
    """Originals and results, each blob under every name that the user knows it by."""
    files = MediaFile.objects.filter(owner=user, status=MediaFile.Status.READY, kind__in=_OF_THE_USER).order_by("pk")
    for file in files.iterator():
        yield StoredFile(name=f"{file.kind}-{file.pk}-{_file_name(file)}", storage_key=file.storage_key)


def erase_work(user: User) -> None:
    """End the user's renders and empty their rows, which stay for the ledger: its holds name them.

    The files are of no more use to anybody from now on; their rows stay until ``sweep_files`` has removed the blobs.
    """
    # All before the first is counted out: whoever ends one of them has it, and waits for what is counted of the user.
    list(RenderJob.objects.active().filter(owner=user).select_for_update(of=("self",)).order_by("pk"))
    for video in Video.objects.filter(owner=user, deleted_at=None).order_by("pk"):
        withdraw_video(video)
    jobs = RenderJob.objects.filter(owner=user)
    for model in (FrameRecord, SteeringCommand, Steering, RenderEvent):
        model.objects.filter(job__in=jobs).delete()
    jobs.update(parameters={}, plan={}, error="", cause="", request_id="", **dict.fromkeys(RenderJob.FILES))
    Video.objects.filter(owner=user).update(
        title="", input_payload={}, parameters={}, error="", source=None, soundtrack=None, output=None
    )
    # Neither linked to nor shared with another upload of the same content.
    MediaFile.objects.filter(owner=user).update(
        status=MediaFile.Status.REJECTED, original_filename="", announced_hash="", rejection=""
    )
    if not User.objects.filter(tenant_id=user.tenant_id, is_active=True).exists():
        Preset.objects.filter(tenant_id=user.tenant_id).delete()


def sweep_files(user: User) -> None:
    """Remove the blobs that nobody else shares, the uploads under way, and tickets for encoders outside."""
    target = current_target()
    for file in MediaFile.objects.filter(owner=user).order_by("pk"):
        if file.upload_key:
            target.discard(file)
        with letting_go(file.storage_key, file.sha256):
            rest = MediaFile.objects.filter(pk=file.pk)
            if file.upload_key:
                # Its URL may still bring something, which the sweep of uploads removes with the row.
                rest.update(storage_key="", sha256="", mime_type="", size=0)
            else:
                rest.delete()
    for job in RenderJob.objects.filter(owner=user).exclude(provider=LOCAL):
        take_back(job)


def sweep_events(user: User) -> None:
    """Remove what was told of the user's renders, and the pictures of the film reels."""
    jobs = list(RenderJob.objects.filter(owner=user).values_list("pk", flat=True))
    forget_jobs(jobs)
    forget_thumbnails(jobs)


def sweep(user: User) -> None:
    sweep_files(user)
    sweep_events(user)


def _file_name(file: MediaFile) -> str:
    """What the user called it, safe to unpack."""
    try:
        return get_valid_filename(PurePosixPath(file.original_filename).name)[-100:]
    except SuspiciousFileOperation:
        return f"file{PurePosixPath(file.storage_key).suffix}"


HOLDER = Holder(files=stored_files, erase=erase_work, sweep=sweep)
