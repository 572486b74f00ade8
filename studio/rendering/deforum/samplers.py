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


def scheduler_of(sampler: str) -> str | None:
    """The engine's scheduler for a sampler name in either vocabulary, None when there is none."""
    name = " ".join(sampler.lower().split())
    return SCHEDULERS.get(name) or (name if name in SCHEDULERS.values() else None)
