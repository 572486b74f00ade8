"""Staff try a model or an effect: a render of their own, as any user's, at its price."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile

from accounts.models import User
from accounts.services.audit import record
from config.api.errors import ValidationFailed
from config.platform import scratch
from effects.models import Effect
from studio.models import ModelFile, RenderJob, Video
from studio.services.catalogue.effect_previews import sample_clip
from studio.services.files.store import local_copy
from studio.services.files.uploads import create_video
from studio.services.jobs.lifecycle import queue_render
from studio.services.videos.effect_requests import effect_request
from studio.services.videos.library import prepare_preview
from studio.services.videos.prepared import prepare_render
from studio.uploadhandler import ScratchUploadedFile
from tenants.scope import tenant_scope

TRIAL_FRAMES = 12


def try_model(*, staff: User, model: ModelFile, prompt: str) -> RenderJob:
    """Render some frames of a prompt with the model, which must be switched on. Raises what a user's preview raises."""
    if not model.enabled or model.model_type != "checkpoint":
        raise ValidationFailed({"prompt": ["Only a checkpoint that is switched on can be tried."]})
    parameters: dict[str, object] = {"prompt": prompt, "modelId": model.pk, "frameCount": TRIAL_FRAMES, "length": 1}
    with tenant_scope(staff.tenant_id):
        job = queue_render(prepare_preview(user=staff, video=None, type=Video.Type.DEFORUM, parameters=parameters))
    record("model.tried", actor=staff, model=model.slug, prompt=prompt, job=job.pk)
    return job


def try_effect(*, staff: User, effect: Effect, clip: UploadedFile[bytes] | None) -> RenderJob:
    """Render a preview of the effect with its defaults on a clip; on the catalogue's own where none is sent.

    The effect need not be switched on. Raises what a user's upload and preview raise.
    """
    request = effect_request(effect)
    with tenant_scope(staff.tenant_id):
        if effect.workflow == Video.Type.DEFORUM:
            video = Video(tenant_id=staff.tenant_id, owner=staff, type=Video.Type.DEFORUM)
        else:
            with clip or _sample() as attachment:
                video = create_video(
                    user=staff,
                    type=Video.Type.VID2VID,
                    attachment=attachment,
                    soundtrack=None,
                    title=f"Test of {effect.name}"[:255],
                )
        job = queue_render(prepare_render(video=video, user=staff, purpose=RenderJob.Purpose.PREVIEW, request=request))
    record("effect.tried", actor=staff, effect=effect.slug, job=job.pk)
    return job


def _sample() -> UploadedFile[bytes]:
    """The clip that previews are made of, as if it had been sent."""
    with tempfile.TemporaryDirectory(dir=scratch.work_folder()) as folder:
        source = local_copy(sample_clip(Path(folder)), Path(folder))
        upload = ScratchUploadedFile("sample.mp4", "video/mp4", source.stat().st_size, None)
        with source.open("rb") as clip:
            shutil.copyfileobj(clip, upload)
    upload.flush()
    upload.seek(0)
    return upload
