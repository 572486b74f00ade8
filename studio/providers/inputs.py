"""What a render reads, on local disk."""

from __future__ import annotations

import logging
import shutil
import tarfile
from pathlib import Path

from django.core.files.storage import default_storage

from studio.models import MediaFile, RenderJob
from studio.rendering.media.decode import FrameReader
from studio.rendering.media.images import write_still
from studio.rendering.plan import RenderPlan
from studio.rendering.ports import RenderInputs
from studio.services.files.store import local_copy, missing
from studio.services.videos.animation_settings import UPLOADED_PICTURE

logger = logging.getLogger(__name__)


def fetch_inputs(job: RenderJob, plan: RenderPlan, folder: Path) -> RenderInputs:
    """The files that the plan refers to. Raises SourceMissing."""
    video = job.video
    inputs = folder / "inputs"
    inputs.mkdir(exist_ok=True)
    source = local_copy(video.source, inputs) if video.source else None
    return RenderInputs(
        source=source,
        soundtrack=local_copy(video.soundtrack, inputs) if video.soundtrack else None,
        checkpoint=_checkpoint(job, inputs),
        assets={UPLOADED_PICTURE: _first_picture(source, plan, inputs)} if source else {},
    )


def ensure_present(job: RenderJob, inputs: RenderInputs) -> None:
    """Raises SourceMissing if a file went while it was read."""
    for path, file in ((inputs.source, job.video.source), (inputs.soundtrack, job.video.soundtrack)):
        if path is not None and file is not None and not path.exists():
            raise missing(file)


def _checkpoint(job: RenderJob, inputs: Path) -> Path | None:
    """The unpacked checkpoint of the render that this one goes on from."""
    before = job.continues
    if before is None or before.checkpoint is None:
        return None
    folder = inputs / "checkpoint"
    if not folder.exists():
        try:
            _unpack(before.checkpoint, folder)
        except FileNotFoundError:
            if before.video_id != job.video_id:
                raise missing(before.checkpoint) from None
            # The frames of an approved preview only save time: the same plan makes the same ones again.
            logger.warning("The frames of preview %s are gone and rendered again", before.pk)
            return None
    return folder


def _first_picture(source: Path, plan: RenderPlan, folder: Path) -> Path:
    with FrameReader(source, width=plan.width, height=plan.height, fps=plan.rate, count=1) as frames:
        return write_still(next(iter(frames))[0], folder / "first.png")


def _unpack(file: MediaFile, folder: Path) -> None:
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    with default_storage.open(file.storage_key) as handle, tarfile.open(fileobj=handle) as tar:
        tar.extractall(partial, filter="data")
    partial.rename(folder)
