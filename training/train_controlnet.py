"""ControlNet training: the frozen denoiser is given the Canny edges of the picture it has to find."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from diffusers import ControlNetModel
from diffusers.models.attention_processor import AttnProcessor
from numpy.typing import NDArray
from torch import nn

from training.captions import describe
from training.dataset import pictures, scenes
from training.latents import DRAWN, cached_latents
from training.loop import Options, fit, load_average
from training.networks import make_controlnet, make_scheduler
from training.small_convolution import use_matrix_products
from training.tokenizer import MAX_TOKENS, training_tokenizer
from training.train_text import tokenise
from training.train_unet import (
    SHORT_SHARE,
    SHORT_TOKENS,
    UNCONDITIONAL_SHARE,
    diffusion_loss,
    make_denoiser,
)

BATCH = 32
CANNY_LOW, CANNY_HIGH = 100, 200


def train_controlnet(options: Options, *, styled: int) -> ControlNetModel:
    """Train on the first ``styled`` pictures; the checkpoint is ``controlnet.pt``."""
    tokenizer = training_tokenizer()
    latents, source, shown, scheduler = cached_latents(styled), pictures(DRAWN), scenes(styled), make_scheduler()
    denoiser: nn.ModuleDict = make_denoiser()
    load_average("unet", denoiser)
    denoiser.requires_grad_(False).to(options.device)
    controlnet = make_controlnet(denoiser["unet"]).requires_grad_(True)
    controlnet.set_attn_processor(AttnProcessor())
    controlnet.to(options.device)
    if options.device == "cpu":
        use_matrix_products(denoiser["unet"])
        use_matrix_products(controlnet)

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        chosen = rng.integers(styled, size=BATCH)
        texts = ["" if rng.random() < UNCONDITIONAL_SHARE else describe(shown[i], rng).text for i in chosen]
        x = torch.from_numpy(latents[chosen]).float().to(options.device)
        edges = np.stack([canny_edges(source[i]) for i in chosen])
        hint = torch.from_numpy(edges).permute(0, 3, 1, 2).float().div(255).to(options.device)
        length = SHORT_TOKENS if rng.random() < SHORT_SHARE else MAX_TOKENS
        tokens = tokenise(tokenizer, texts, length).to(options.device)
        with torch.no_grad():
            text = denoiser["text_encoder"](input_ids=tokens).last_hidden_state

        def predict(noisy: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            down, middle = controlnet(noisy, t, text, controlnet_cond=hint, return_dict=False)
            return denoiser["unet"](
                noisy, t, text, down_block_additional_residuals=down, mid_block_additional_residual=middle
            ).sample

        return diffusion_loss(scheduler, x, predict)

    return fit("controlnet", controlnet, loss_of, options)


def canny_edges(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w, 3) RGB to its edges, 0 or 255, in three equal channels: what a Canny preprocessor hands a ControlNet."""
    edges = cv2.Canny(cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY), CANNY_LOW, CANNY_HIGH)
    return np.repeat(edges[..., None], 3, 2)
