"""What others may copy of a render."""

from __future__ import annotations

from studio.models import Video
from studio.rendering.deforum.deprecations import modernised
from studio.requests.types import DEFAULT_FPS, parameters_of
from studio.services.catalogue.models import find_preset, preset_settings
from studio.services.videos.file_parameters import rate_of


def shared_parameters(video: Video) -> dict[str, object]:
    """The parameters of the video's newest render, by API name, as somebody else can ask for them: files, jobs and
    frames stay out, and a preset that its tenant alone has is told by its settings.

    Call it in the scope of the video's tenant.
    """
    names = {p.api for p in parameters_of(video.type) if p.shared}
    shared = {name: value for name, value in video.parameters.items() if name in names}
    preset = find_preset(shared["preset"]) if shared.get("preset") else None
    if preset is not None and preset.tenant_id is not None:
        settings = preset_settings(preset, fps=rate_of(shared.get("fps") or DEFAULT_FPS))
        del shared["preset"]
        shared["schedules"] = {**modernised(settings), **modernised(shared.get("schedules") or {})}
    return shared
