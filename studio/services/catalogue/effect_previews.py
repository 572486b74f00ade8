"""Thumbnails and preview clips of effects: each effect applied, as a user would, to a clip of our own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.files import File
from django.core.files.storage import default_storage

from accounts.models import User
from config.platform import scratch
from effects.models import Effect
from effects.previews import preview_name, preview_url, storage_key
from effects.services import update_effect
from studio.models import MediaFile, RenderJob, Video
from studio.rendering.plan import RenderPlan
from studio.rendering.ports import Progress, RenderInputs, Unsteered
from studio.services.files.store import local_copy
from studio.services.videos.effect_requests import effect_request
from studio.services.videos.plans import draft_render
from tenants.scope import all_tenants

SECONDS = 2
FPS = Fraction(12)
# One seed for all: an effect that is rendered again looks the same.
SEED = 20_26

_SAMPLE_KEY = "public/effects/source/sample.mp4"

OnProgress = Callable[[int, int], None]
"""Told of the frames done and the frames in all."""


def has_previews(effect: Effect) -> bool:
    """Whether both are there; addresses elsewhere are staff's own and count as there."""
    return all(url and _is_present(url) for url in (effect.thumbnail_url, effect.preview_video_url))


def render_previews(effect: Effect, on_progress: OnProgress) -> Effect:
    """Render the effect with its defaults, store clip and thumbnail, and set their addresses. Raises RenderError."""
    # Only who renders needs torch: the panel, which has this for its acts, starts without it.
    from studio.rendering.render import render

    with TemporaryDirectory(dir=scratch.work_folder()) as folder:
        source = sample_clip(Path(folder))
        port = _Port(Path(folder) / "render", on_progress)
        port.work_dir.mkdir()
        result = render(preview_plan(effect, source), RenderInputs(source=local_copy(source, Path(folder))), port)
        old = [effect.thumbnail_url, effect.preview_video_url]
        changes = {
            "thumbnail_url": _store(effect, result.thumbnail),
            "preview_video_url": _store(effect, result.video),
        }
    update_effect(effect, changes=changes)
    for url in set(old) - set(changes.values()):
        _drop(url)
    return effect


def preview_plan(effect: Effect, source: MediaFile) -> RenderPlan:
    """What a user's first render of the effect would be, on the sample clip. Raises ValidationFailed."""
    request = replace(effect_request(effect), seed=SEED, frame_count=round(SECONDS * FPS))
    # Neither is saved: the plan is drawn up exactly as for a user's video. Presets without a tenant are read here.
    video = Video(type=effect.workflow, source=source if effect.workflow == Video.Type.VID2VID else None)
    with all_tenants():
        return draft_render(video=video, user=User(), purpose=RenderJob.Purpose.PREVIEW, request=request).plan


def sample_clip(folder: Path) -> MediaFile:
    """The clip that every effect is shown on; drawn once and kept in the storage."""
    if not default_storage.exists(_SAMPLE_KEY):
        # Drawing takes PyAV, which a web process has no other use for.
        from studio.rendering.media.sample import write_clip

        clip = write_clip(folder / "sample.mp4", width=448, height=256, seconds=SECONDS, fps=FPS)
        _save(_SAMPLE_KEY, clip)
    size = default_storage.size(_SAMPLE_KEY)
    return MediaFile(storage_key=_SAMPLE_KEY, kind=MediaFile.Kind.SOURCE, size=size)


@dataclass
class _Port(Unsteered):
    """Nobody stops this render."""

    work_dir: Path
    on_progress: OnProgress

    def progress(self, progress: Progress) -> None:
        self.on_progress(progress.frames_done, progress.frames_total)

    def should_stop(self) -> bool:
        return False


def _store(effect: Effect, path: Path) -> str:
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    name = preview_name(effect.slug, digest, path.suffix.lstrip("."))
    key = storage_key(name)
    assert key is not None, "a slug and a digest make a preview's name"
    if not default_storage.exists(key):
        _save(key, path)
    return preview_url(name)


def _save(key: str, path: Path) -> None:
    with path.open("rb") as handle:
        default_storage.save(key, File(handle))


def _drop(url: str) -> None:
    key = _key_of(url)
    if key:
        default_storage.delete(key)


def _is_present(url: str) -> bool:
    key = _key_of(url)
    return key is None or default_storage.exists(key)


def _key_of(url: str) -> str | None:
    """The storage key of an address of ours; None for one elsewhere."""
    folder = preview_url("")
    return storage_key(url.removeprefix(folder)) if url.startswith(folder) else None
