"""Denoiser training on cached latents, the text encoder along with it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler
from diffusers.models.attention_processor import AttnProcessor
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from studio.builtin_model.captions import describe
from studio.builtin_model.dataset import pictures, scenes
from studio.builtin_model.linear_start import LinearCode, wire
from studio.builtin_model.location import training_cache
from studio.builtin_model.loop import Options, checkpoint_path, fit, load_average
from studio.builtin_model.networks import LATENT_CHANNELS, make_scheduler, make_unet, make_vae
from studio.builtin_model.tokenizer import MAX_TOKENS, training_tokenizer
from studio.builtin_model.train_text import CaptionReader, tokenise
from studio.builtin_model.train_vae import to_tensor

BATCH = 32
UNCONDITIONAL_SHARE = 0.1
SHORT_TOKENS, SHORT_SHARE = 32, 0.75
"""Most batches are padded to 32 tokens only (a caption has under 30), which costs a third less than CLIP's 77."""
MIN_SNR = 5.0
"""Hang et al., "Efficient Diffusion Training via Min-SNR Weighting Strategy" (2023)."""


def train_unet(options: Options, *, styled: int) -> nn.Module:
    """Train UNet and text encoder together on the first ``styled`` pictures; the checkpoint is ``unet.pt``."""
    tokenizer = training_tokenizer()
    latents, shown, scheduler = cached_latents(styled), scenes(styled), make_scheduler()
    model = make_denoiser().to(options.device)

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        chosen = rng.integers(styled, size=BATCH)
        texts = ["" if rng.random() < UNCONDITIONAL_SHARE else describe(shown[i], rng).text for i in chosen]
        x = torch.from_numpy(latents[chosen]).float().to(options.device)
        length = SHORT_TOKENS if rng.random() < SHORT_SHARE else MAX_TOKENS
        tokens = tokenise(tokenizer, texts, length).to(options.device)
        text = model["text_encoder"](input_ids=tokens).last_hidden_state
        return diffusion_loss(scheduler, x, lambda noisy, t: model["unet"](noisy, t, text).sample)

    return fit("unet", model, loss_of, options)


def diffusion_loss(
    scheduler: DDIMScheduler, x: torch.Tensor, predict: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """Min-SNR-weighted v-prediction error of ``predict(noisy, timesteps)`` on clean latents ``x`` (n, c, h, w)."""
    t = torch.randint(0, scheduler.config.num_train_timesteps, (len(x),), device=x.device)
    noise = torch.randn_like(x)
    noisy = scheduler.add_noise(x, noise, t)
    alpha = scheduler.alphas_cumprod.to(x.device)[t]
    snr = alpha / (1 - alpha)
    error = predict(noisy, t).float() - scheduler.get_velocity(x, noise, t)
    return (error.square().mean((1, 2, 3)) * snr.clamp(max=MIN_SNR) / (snr + 1)).mean()


def make_denoiser() -> nn.ModuleDict:
    """UNet (fresh) and text encoder (warmed up if there is a checkpoint)."""
    torch.manual_seed(0)
    reader = CaptionReader(training_tokenizer())
    if checkpoint_path("text").exists():
        load_average("text", reader)
    unet = make_unet()
    unet.set_attn_processor(AttnProcessor())
    return nn.ModuleDict({"unet": unet, "text_encoder": reader.text_encoder})


def trained_vae() -> AutoencoderKL:
    """The averaged VAE of the last checkpoint; before there is one, the linear code it starts from."""
    if checkpoint_path("vae").exists():
        vae = make_vae()
        load_average("vae", vae)
    else:
        code = LinearCode(make_vae())
        load_average("linear", code)
        vae = wire(code)
    return vae.eval().to(memory_format=torch.channels_last)


@torch.no_grad()
def cached_latents(count: int) -> NDArray[np.float16]:
    """(count, 8, 16, 16) latents of the first ``count`` pictures; encoded on first use.

    By the linear code, which the VAE's encoder equals within half a percent at a tenth of the cost.
    """
    path = training_cache() / f"latents-{count}.npy"
    if not path.exists():
        code, source = LinearCode(make_vae()), pictures(24576)[:count]
        load_average("linear", code)
        code.to(memory_format=torch.channels_last)
        encoded = np.empty((count, LATENT_CHANNELS, 16, 16), np.float16)
        for start in tqdm(range(0, count, 32), desc="latents", mininterval=5):
            encoded[start : start + 32] = code.encode(to_tensor(source[start : start + 32])).numpy()
        np.save(path, encoded)
    return np.load(path, mmap_mode="r")
