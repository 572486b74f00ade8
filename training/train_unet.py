"""Denoiser training on cached latents, under the text encoder that learnt to read captions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler
from diffusers.models.attention_processor import AttnProcessor
from torch import nn

from training.latents import denoiser_sets
from training.linear_start import LinearCode, wire
from training.loop import Options, checkpoint_path, fit, load_average
from training.networks import make_scheduler, make_unet, make_vae
from training.small_convolution import use_matrix_products
from training.tokenizer import MAX_TOKENS, training_tokenizer
from training.train_text import CaptionReader, tokenise

UNCONDITIONAL_SHARE = 0.1
TIMESTEP_POWER = 1.5
"""Above 1 favours small timesteps, where the style's texture is learnt; the schedule alone has few of them."""
SHORT_TOKENS, SHORT_SHARE = 32, 0.75
"""Most batches are padded to 32 tokens only (a caption has under 30); the rest to CLIP's 77, as pipelines do."""


def train_unet(options: Options, *, styled: int) -> nn.Module:
    """Train the UNet on the first ``styled`` pictures, under the warmed-up text encoder; the checkpoint is ``unet.pt``.

    The text encoder reads every attribute of held-out captions back, so it stays as it is: a quarter of a step saved.
    """
    tokenizer, scheduler, sets = training_tokenizer(), make_scheduler(), denoiser_sets(styled)
    model = make_denoiser().to(options.device)
    model["text_encoder"].requires_grad_(False)
    if options.device == "cpu":
        use_matrix_products(model["unet"])

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        source = sets[rng.choice(len(sets), p=[source.share for source in sets])]
        chosen = rng.integers(len(source.latents), size=source.batch)
        texts = ["" if rng.random() < UNCONDITIONAL_SHARE else source.caption(i, rng) for i in chosen]
        x = torch.from_numpy(source.latents[chosen]).float().to(options.device)
        weights = None
        if source.weights is not None:
            weights = torch.from_numpy(source.weights[chosen]).float().to(options.device)
        length = SHORT_TOKENS if rng.random() < SHORT_SHARE else MAX_TOKENS
        tokens = tokenise(tokenizer, texts, length).to(options.device)
        with torch.no_grad():
            text = model["text_encoder"](input_ids=tokens).last_hidden_state
        return diffusion_loss(scheduler, x, lambda noisy, t: model["unet"](noisy, t, text).sample, weights)

    return fit("unet", model, loss_of, options)


def diffusion_loss(
    scheduler: DDIMScheduler,
    x: torch.Tensor,
    predict: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    weights: torch.Tensor | None = None,
) -> torch.Tensor:
    """Mean squared v-prediction error of ``predict(noisy, timesteps)`` on clean latents ``x`` (n, c, h, w).

    ``weights`` (n, h, w) say how much each place counts; their mean does not matter.

    Without a weighting by signal-to-noise ratio: what the text decides (the colour of a whole sky) can be told from the
    noisy latents as soon as the ratio passes a few percent, so the text is learnt below, where min-SNR weights vanish.
    """
    t = (torch.rand(len(x), device=x.device) ** TIMESTEP_POWER * scheduler.config.num_train_timesteps).long()
    noise = torch.randn_like(x)
    noisy = scheduler.add_noise(x, noise, t)
    error = (predict(noisy, t).float() - scheduler.get_velocity(x, noise, t)).square()
    if weights is not None:
        error = error * (weights / weights.mean())[:, None]
    return error.mean()


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
