"""VAE training: crops of drawn and photograph-like pictures, reconstructed pixel by pixel."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray

from training.dataset import pictures
from training.linear_start import LinearCode, train_linear, wire
from training.loop import Options, checkpoint_path, fit, load_average
from training.networks import LATENT_NOISE, make_vae

BATCH, CROP = 8, 48
NATURAL_SHARE = 0.4
LINEAR_STEPS, LINEAR_RATE = 2500, 3e-3


def train_vae(options: Options, *, styled: int, natural: int) -> AutoencoderKL:
    """Train on ``styled`` drawn and ``natural`` photograph-like pictures. Return the average; checkpoint ``vae.pt``.

    The encoder stays the linear code, so that latents can be cached and the UNet trained while the decoder learns.
    The latents' noise is fixed rather than learned: the decoder sees mean + noise.
    """
    sets = pictures(styled), pictures(natural, natural=True)

    def batch(rng: np.random.Generator) -> torch.Tensor:
        return to_tensor(
            np.stack([_crop(sets[int(rng.random() < NATURAL_SHARE)], rng) for _ in range(BATCH)]), options.device
        )

    vae = _starting_point(options, batch).to(options.device, memory_format=torch.channels_last)
    vae.encoder.requires_grad_(False)

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        x = batch(rng)
        with torch.no_grad():
            mean = vae.encode(x).latent_dist.mean
        error = vae.decode(mean + LATENT_NOISE * torch.randn_like(mean)).sample.float() - x
        return 0.2 * error.abs().mean() + error.square().mean()

    return fit("vae", vae, loss_of, options)


def _starting_point(options: Options, batch) -> AutoencoderKL:
    if options.resume and checkpoint_path("vae").exists():
        return make_vae()
    code = LinearCode(make_vae())
    if not checkpoint_path("linear").exists():
        train_linear(dataclasses.replace(options, steps=LINEAR_STEPS, resume=False, learning_rate=LINEAR_RATE), batch)
    load_average("linear", code)
    return wire(code)


def to_tensor(frames: NDArray[np.uint8], device: str = "cpu") -> torch.Tensor:
    """(n, h, w, 3) uint8 to (n, 3, h, w) in -1..1."""
    x = torch.from_numpy(np.array(frames)).to(device).permute(0, 3, 1, 2)
    return x.float().div(127.5).sub(1).contiguous(memory_format=torch.channels_last)


def _crop(source: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A random crop, sometimes enlarged or shrunk, flipped, with its colours rolled or dimmed."""
    picture = source[rng.integers(len(source))]
    if rng.random() < 0.3:
        scale = rng.uniform(0.55, 2.0)
        size = max(CROP, round(picture.shape[0] * scale))
        picture = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    top, left = rng.integers(picture.shape[0] - CROP + 1), rng.integers(picture.shape[1] - CROP + 1)
    crop = picture[top : top + CROP, left : left + CROP]
    crop = crop[:, ::-1] if rng.random() < 0.5 else crop
    if rng.random() < 0.3:
        crop = crop[..., rng.permutation(3)]
    if rng.random() < 0.3:
        crop = np.clip((crop - rng.uniform(90, 160)) * rng.uniform(0.5, 1.3) + rng.uniform(80, 170), 0, 255).astype(
            np.uint8
        )
    return crop
