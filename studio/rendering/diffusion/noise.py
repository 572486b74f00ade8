"""Latent noise: drawn on the CPU, so one seed gives one noise on every device."""

from __future__ import annotations

import torch


def seeded_noise(shape: tuple[int, ...], seed: int, count: int = 1) -> torch.Tensor:
    """``count`` successive draws of standard normal noise, float32, (count, *shape)."""
    generator = torch.Generator("cpu").manual_seed(seed)
    return torch.randn((count, *shape), generator=generator)


def initial_noise(shape: tuple[int, ...], seed: int, subseed: int | None, subseed_strength: float) -> torch.Tensor:
    """Noise of ``seed``, turned towards that of ``subseed`` along the sphere by ``subseed_strength`` (0..1); shape
    ``shape``.
    """
    noise = seeded_noise(shape, seed)[0]
    if subseed is None or subseed_strength == 0.0:
        return noise
    return slerp(noise, seeded_noise(shape, subseed)[0], subseed_strength)


def slerp(low: torch.Tensor, high: torch.Tensor, amount: float) -> torch.Tensor:
    """Spherical interpolation of two noises taken as vectors; linear where they point the same way."""
    cosine = torch.sum(low * high) / (low.norm() * high.norm())
    if cosine.abs() > 0.9995:
        return torch.lerp(low, high, amount)
    angle = torch.arccos(cosine)
    return (torch.sin((1 - amount) * angle) * low + torch.sin(amount * angle) * high) / torch.sin(angle)
