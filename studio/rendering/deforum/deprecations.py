"""What earlier versions of the public extension wrote, in today's words."""

from __future__ import annotations

import re
from collections.abc import Mapping

_RENAMED = {"flip_2d_perspective": "enable_perspective_flip", "animation_prompts": "prompts"}
_BOOLEANS = {
    "hybrid_composite": {False: "None", True: "Normal"},
    "optical_flow_cadence": {False: "None", True: "DIS Fine"},
    "optical_flow_redo_generation": {False: "None", True: "DIS Fine"},
}
_DEPTH = {"True": "Zoe+AdaBins (old)", "False": "Midas+AdaBins (old)"}
_SAMPLERS = (
    "Euler a", "Euler", "LMS", "Heun", "DPM2", "DPM2 a", "DPM++ 2S a", "DPM++ 2M", "DPM++ SDE", "DPM fast",
    "DPM adaptive", "LMS Karras", "DPM2 Karras", "DPM2 a Karras", "DPM++ 2S a Karras", "DPM++ 2M Karras",
    "DPM++ SDE Karras", "DDIM",
)  # fmt: skip
"""Samplers by the number that the first files named them by."""
_PLAIN = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*")
_NUMBERS = re.compile(r"diffusion_cadence|cn_[1-5]_(?:weight|guidance_start|guidance_end)")
"""Schedules that were plain numbers."""


def modernised(mapping: Mapping[str, object]) -> dict[str, object]:
    """The object of a settings file of any version with today's names and values; what is not known stays."""
    today = {key: value for key, value in mapping.items() if key not in _RENAMED}
    today |= {_RENAMED[key]: value for key, value in mapping.items() if key in _RENAMED}
    if "use_zoe_depth" in today:
        algorithm = _DEPTH.get(str(today.pop("use_zoe_depth")))
        today |= {"depth_algorithm": algorithm} if algorithm else {}
    for name, words in _BOOLEANS.items():
        if isinstance(value := today.get(name), bool):
            today[name] = words[value]
    coherence = today.get("color_coherence")
    if isinstance(coherence, str):
        today["color_coherence"] = re.sub("^Match Frame 0 (HSV|LAB|RGB)$", r"\1", coherence)
    sampler = today.get("sampler")
    if isinstance(sampler, int) and not isinstance(sampler, bool) and 0 <= sampler < len(_SAMPLERS):
        today["sampler"] = _SAMPLERS[sampler]
    for name, value in today.items():
        if isinstance(value, str) and len(value) < 40 and _PLAIN.fullmatch(value) and _NUMBERS.fullmatch(name):
            today[name] = float(value) if "." in value else int(value)
    return today


def modernised_file(mapping: Mapping[str, object]) -> dict[str, object]:
    """As ``modernised``, for a whole file: one without ``legacy_colormatch`` is older than the other way of matching
    colours.
    """
    return {"legacy_colormatch": True, **modernised(mapping)}
