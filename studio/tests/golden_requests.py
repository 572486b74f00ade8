"""Requests of every kind, by name: what they are asked with at ``POST /api/generate``, and what then at finalize."""

from __future__ import annotations

from typing import Any

SETTINGS = {
    "W": 64, "H": 48, "fps": 10, "max_frames": 12, "seed": 1234, "steps": 3, "sampler": "Euler",
    "animation_mode": "2D", "zoom": "0:(1), (max_f):(1.5)", "prompts": {"0": "a lighthouse", "6": "a harbour"},
}  # fmt: skip
UNITS = [{"type": "canny", "weight": 0.5, "start": 0.1, "end": 0.9}]

VID2VID: dict[str, dict[str, Any]] = {
    "plain": {"prompt": "a fox"},
    "forms": {"prompt": " a fox ", "cfgScale": "7", "steps": "3", "draft": "true", "denoising": 1},
    "all": {
        "prompt": "a fox", "negative_prompt": "rain", "cfgScale": 6.5, "denoising": 0.4, "steps": 4, "frameCount": 3,
        "scheduler": "ddim", "draft": True, "deepcache": 2, "residualCfg": True, "smoothing": 0.1,
        "stabiliseColour": False, "crossFrameAttention": True, "startFrame": 2, "endFrame": 9,
    },
    "off": {
        "prompt": "a", "negative_prompt": "", "draft": False, "residualCfg": False, "smoothing": 0, "startFrame": 0,
    },
    "nulls": {"prompt": "a", "controlnet": None, "endFrame": None, "preset": None, "schedules": None},
    "clip skip": {"prompt": "a", "clipSkip": 2},
    "no seed": {"prompt": "a", "seed": None},
    "word as unit": {"prompt": "a", "controlnet": "canny"},
    "one unit": {"prompt": "a", "controlnet": UNITS[0]},
    "units": {"prompt": "a", "controlnet": [*UNITS, "canny"]},
    "no units": {"prompt": "a", "controlnet": []},
    "unknown": {"prompt": "a", "cfg_scale": 3, "wishes": 3},
    "lora": {"prompt": "a <lora:ink:0.5>"},
}  # fmt: skip
DEFORUM: dict[str, dict[str, Any]] = {
    "plain": {"prompt": "a sea"},
    "all": {
        "prompt": "a sea", "negative_prompt": "rain", "cfgScale": 6.5, "denoising": 0.4, "steps": 4, "frameCount": 3,
        "scheduler": "euler", "draft": True, "deepcache": 2, "residualCfg": True, "length": 1.5, "fps": 12.5,
        "controlnet": UNITS,
    },
    "preset": {"prompt": "a sea", "preset": "orbit"},
    "preset alone": {"preset": "beat-pulse", "fps": 30, "schedules": {"prompts": {"0": "a sea"}}},
    "preset and settings": {"prompt": "a sea", "preset": "drift", "schedules": {"zoom": "0:(1.1)"}},
    "settings": {"schedules": SETTINGS},
    "settings, own words": {
        "schedules": SETTINGS, "prompt": "a fox", "seed": 8, "steps": 2, "fps": 8, "length": 2, "scheduler": "ddim",
    },
    "prompts in settings": {"prompt": "a harbour", "schedules": {"prompts": SETTINGS["prompts"]}},
    "fps of settings": {"prompt": "a", "schedules": {"fps": 29.97}},
    "max_frames alone": {"prompt": "a", "schedules": {"max_frames": 7}},
    "steps of settings": {"prompt": "a", "schedules": {"steps": 60}},
    "units of settings": {
        "prompt": "a",
        "schedules": {"cn_2_enabled": True, "cn_2_model": "control_v11p_canny", "cn_2_weight": "0:(0.5)"},
    },
    "empty": {"prompt": "a", "schedules": {}, "negative_prompt": ""},
    "nulls": {"prompt": "a", "schedules": None, "preset": None, "extendFromJobId": None},
    "clip skip": {"prompt": "a", "clipSkip": "1"},
    "rate": {"prompt": "a", "fps": 23.976, "length": 1},
}  # fmt: skip
OVERRIDES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "vid2vid as it was": ("vid2vid", "all", {}),
    "vid2vid with another denoising": ("vid2vid", "all", {"denoising": 0.9}),
    "vid2vid without units": ("vid2vid", "units", {"controlnet": None}),
    "deforum as it was": ("deforum", "all", {}),
    "deforum, longer": ("deforum", "plain", {"length": 3, "fps": 10}),
    "deforum, other settings": ("deforum", "settings, own words", {"schedules": {**SETTINGS, "steps": 5, "fps": 9}}),
    "deforum, short settings": ("deforum", "max_frames alone", {}),
    "deforum, many steps of settings": ("deforum", "steps of settings", {}),
    "deforum, new seed": ("deforum", "settings", {"seed": 77}),
    "preset": ("deforum", "preset", {"prompt": "a lake"}),
}
TEMPLATES: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing": ("video_transform", {}),
    "all of vid2vid": (
        "video_transform",
        {"prompt": "p", "negative_prompt": "n", "cfgScale": 5, "denoising": 0.3, "steps": 4, "controlnet": UNITS},
    ),
    "texts": ("video_transform", {"prompt": "p", "cfgScale": "5", "steps": "4", "controlnet": "canny"}),
    "moved": ("video_transform", {"prompt": "{{prompt}} p", "denoising": {"property": "intensity", "to": [0.2, 0.9]}}),
    "all of deforum": (
        "animation",
        {"prompt": "p", "negative_prompt": "n", "cfgScale": 5, "denoising": 0.3, "steps": 4, "length": 1, "fps": 12},
    ),
    "preset": ("animation", {"prompt": "p", "preset": "orbit", "length": 2}),
    "settings": ("animation", {"schedules": SETTINGS}),
}
