"""From the renderer's words to those of requests: an error of a plan names what was asked for."""

from __future__ import annotations

from functools import cache

from studio.requests.types import DEFORUM, VID2VID, parameters_of

# Of a plan: what in it was asked for by another name, or in other units.
_FRAMES = {
    VID2VID: {"frame_count": "frameCount", "frame_limit": "frameCount"},
    DEFORUM: {"frame_count": "length", "frame_limit": "frameCount"},
}
_OF_PLANS = {"model": "modelId", "max_frames": "length", "prompts": "prompt"}


def api_problem(workflow: str, field: str, message: str) -> tuple[str, str]:
    """The parameter that a field of a plan was asked for by (the field itself where there is none), and the renderer's
    sentence about it, which may begin with its name.
    """
    if field in _OF_PLANS:
        return _OF_PLANS[field], message
    name = _names(workflow).get(field, field)
    return name, f"{name}: {message.removeprefix(f'{field}: ')}" if message.startswith(f"{field}: ") else message


@cache
def _names(workflow: str) -> dict[str, str]:
    return {p.name: p.api for p in parameters_of(workflow)} | _FRAMES[workflow]
