"""Denoiser training on cached latents, under the text encoder that learnt to read captions."""

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
from studio.builtin_model.dataset import SIZE, WIDE_SEED, WIDE_SIZE, pictures, scenes
from studio.builtin_model.linear_start import LinearCode, wire
from studio.builtin_model.location import training_cache
from studio.builtin_model.loop import Options, checkpoint_path, fit, load_average
from studio.builtin_model.networks import LATENT_CHANNELS, make_scheduler, make_unet, make_vae
from studio.builtin_model.small_convolution import use_matrix_products
from studio.builtin_model.styles import render
from studio.builtin_model.tokenizer import MAX_TOKENS, training_tokenizer
from studio.builtin_model.train_text import CaptionReader, tokenise
from studio.builtin_model.train_vae import to_tensor

BATCH = 64
WIDE_BATCH, WIDE_SHARE, WIDE_COUNT = 16, 0.2, 3072
"""A fifth of the steps sees pictures of video shape: trained on squares alone, larger frames repeat themselves."""
UNCONDITIONAL_SHARE = 0.1
TIMESTEP_POWER = 2.0
"""Above 1 favours small timesteps, where the style's texture is learnt; the schedule alone has few of them."""
SHORT_TOKENS, SHORT_SHARE = 32, 0.75
"""Most batches are padded to 32 tokens only (a caption has under 30); the rest to CLIP's 77, as pipelines do."""


def train_unet(options: Options, *, styled: int) -> nn.Module:
    """Train the UNet on the first ``styled`` pictures, under the warmed-up text encoder; the checkpoint is ``unet.pt``.

    The text encoder reads every attribute of held-out captions back, so it stays as it is: a quarter of a step saved.
    """
    tokenizer, scheduler = training_tokenizer(), make_scheduler()
    sets = (
        (cached_latents(styled), scenes(styled), BATCH),
        (wide_latents(WIDE_COUNT), scenes(WIDE_COUNT, seed=WIDE_SEED), WIDE_BATCH),
    )
    model = make_denoiser().to(options.device)
    model["text_encoder"].requires_grad_(False)
    if options.device == "cpu":
        use_matrix_products(model["unet"])

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        latents, shown, size = sets[int(rng.random() < WIDE_SHARE)]
        chosen = rng.integers(len(shown), size=size)
        texts = ["" if rng.random() < UNCONDITIONAL_SHARE else describe(shown[i], rng).text for i in chosen]
        x = torch.from_numpy(latents[chosen]).float().to(options.device)
        length = SHORT_TOKENS if rng.random() < SHORT_SHARE else MAX_TOKENS
        tokens = tokenise(tokenizer, texts, length).to(options.device)
        with torch.no_grad():
            text = model["text_encoder"](input_ids=tokens).last_hidden_state
        return diffusion_loss(scheduler, x, lambda noisy, t: model["unet"](noisy, t, text).sample)

    return fit("unet", model, loss_of, options)


def diffusion_loss(
    scheduler: DDIMScheduler, x: torch.Tensor, predict: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """Mean squared v-prediction error of ``predict(noisy, timesteps)`` on clean latents ``x`` (n, c, h, w).

    Without a weighting by signal-to-noise ratio: what the text decides (the colour of a whole sky) can be told from the
    noisy latents as soon as the ratio passes a few percent, so the text is learnt below, where min-SNR weights vanish.
    """
    t = (torch.rand(len(x), device=x.device) ** TIMESTEP_POWER * scheduler.config.num_train_timesteps).long()
    noise = torch.randn_like(x)
    noisy = scheduler.add_noise(x, noise, t)
    return (predict(noisy, t).float() - scheduler.get_velocity(x, noise, t)).square().mean()


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


def cached_latents(count: int) -> NDArray[np.float16]:
    """(count, 8, 16, 16) latents of the first ``count`` pictures; encoded on first use."""
    return _encoded(f"latents-{count}", count, SIZE, SIZE, lambda start, stop: pictures(24576)[start:stop])


def wide_latents(count: int) -> NDArray[np.float16]:
    """(count, 8, 24, 40) latents of pictures in the shape of a video frame, drawn and encoded on first use."""
    shown = scenes(count, seed=WIDE_SEED)
    return _encoded(
        f"latents-wide-{count}", count, *WIDE_SIZE,
        lambda start, stop: np.stack([render(scene, *WIDE_SIZE) for scene in shown[start:stop]]),
    )  # fmt: skip


@torch.no_grad()
def _encoded(
    name: str, count: int, height: int, width: int, source: Callable[[int, int], NDArray[np.uint8]]
) -> NDArray[np.float16]:
    """Latents of ``source(start, stop)``, from the training cache if they are there.

    By the linear code, which the VAE's encoder equals within half a percent at a tenth of the cost.
    """
    path = training_cache() / f"{name}.npy"
    if not path.exists():
        code = LinearCode(make_vae())
        load_average("linear", code)
        code.to(memory_format=torch.channels_last)
        encoded = np.empty((count, LATENT_CHANNELS, height // 8, width // 8), np.float16)
        for start in tqdm(range(0, count, 32), desc=name, mininterval=5):
            stop = min(start + 32, count)
            encoded[start:stop] = code.encode(to_tensor(source(start, stop))).numpy()
        np.save(path, encoded)
    return np.load(path, mmap_mode="r")
