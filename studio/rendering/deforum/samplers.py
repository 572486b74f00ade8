"""Sampler names: the public extension's, and the schedulers that stand for them here."""

from __future__ import annotations

SCHEDULERS = {
    "ddim": "ddim",
    "euler": "euler",
    "euler a": "euler_a",
    "dpm++ 2m": "dpmpp_2m",
    "dpm++ 2m karras": "dpmpp_2m_karras",
    "lcm": "lcm",
    "tcd": "tcd",
    "turbo": "turbo",
    "lightning": "lightning",
}

_NAMES = {
    "ddim": "DDIM",
    "euler": "Euler",
    "euler_a": "Euler a",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_karras": "DPM++ 2M Karras",
    "lcm": "LCM",
}


def scheduler_of(sampler: str) -> str | None:
    """The engine's scheduler for a sampler name in either vocabulary, None when there is none."""
    name = " ".join(sampler.lower().split())
    return SCHEDULERS.get(name) or (name if name in SCHEDULERS.values() else None)


def sampler_of(scheduler: str) -> str:
    """The public extension's name for an engine's scheduler, or the scheduler's own where it has none."""
    return _NAMES.get(scheduler, scheduler)
