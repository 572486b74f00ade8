"""A starting point for the VAE: the best linear 8x8 block code, wired through an AutoencoderKL.

From random weights the small VAE needs hours on a CPU before it beats a linear transform. So the strided and the
upsampling convolutions are first trained alone, as a linear network (residual branches off), in minutes; then the two
normalise-and-SiLU stages in their way are made transparent:

- SiLU passes a signal whole when it comes with its negative: silu(x) - silu(-x) = x.
- GroupNorm passes it unscaled when constant channels, large beside the signal, dominate the group's variance.

Training of the whole VAE goes on from there and only has to add what is not linear.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import nn

from training.loop import Options, fit
from training.networks import LATENT_CHANNELS, LATENT_NOISE, make_vae

CONSTANT = 8.0
"""Level of the constant channels; signals have about unit variance, so the gain varies by about one percent."""


class LinearCode(nn.Module):
    """The VAE's own convolutions with everything else left out, and 1x1 heads in place of the normalised ends."""

    def __init__(self, vae: AutoencoderKL) -> None:
        super().__init__()
        self.vae = vae
        widths = vae.config.block_out_channels
        self.to_latent = nn.Conv2d(widths[-2], LATENT_CHANNELS, 1)
        self.to_colour = nn.Conv2d(widths[1], 3, 1)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        h = self.vae.encoder.conv_in(x)
        for block in self.vae.encoder.down_blocks[:-1]:
            h = block.downsamplers[0](_shortcut(block.resnets[0], h))
        return self.to_latent(h)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        h = self.vae.decoder.conv_in(z)
        for block in self.vae.decoder.up_blocks[:-1]:
            h = block.upsamplers[0](_shortcut(block.resnets[0], h))
        return self.to_colour(h)


def train_linear(options: Options, batch: Callable[[np.random.Generator], torch.Tensor]) -> LinearCode:
    """Train the linear code to least squares; checkpoint ``linear.pt``. ``batch`` draws (n, 3, h, w) in -1..1."""
    torch.manual_seed(0)
    code = LinearCode(make_vae()).to(options.device)

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        x = batch(rng).to(options.device)
        z = code.encode(x)
        y = code.decode(z + LATENT_NOISE * torch.randn_like(z)).float()
        return (y - x).square().mean() + 0.01 * (z.float().square().mean((0, 2, 3)) - 1).square().mean()

    return fit("linear", code, loss_of, options)


@torch.no_grad()
def wire(code: LinearCode) -> AutoencoderKL:
    """The VAE that computes what ``code`` does, up to a percent, and is ready to learn the rest."""
    vae = code.vae
    for name, parameter in vae.named_parameters():
        if name.endswith(("conv2.weight", "conv2.bias")):
            parameter.zero_()
    encoder, decoder = vae.encoder, vae.decoder
    _transparent(encoder.down_blocks[-1].resnets[0].conv_shortcut, encoder.conv_norm_out, code.to_latent, per_group=2)
    _transparent(decoder.up_blocks[-1].resnets[0].conv_shortcut, decoder.conv_norm_out, code.to_colour, per_group=1)
    _read(encoder.conv_out, encoder.conv_norm_out, LATENT_CHANNELS, per_group=2)
    encoder.conv_out.bias[LATENT_CHANNELS:] = 2 * math.log(LATENT_NOISE)
    _read(decoder.conv_out, decoder.conv_norm_out, 3, per_group=1)
    return vae


def _shortcut(resnet: nn.Module, h: torch.Tensor) -> torch.Tensor:
    return h if resnet.conv_shortcut is None else resnet.conv_shortcut(h)


def _transparent(shortcut: nn.Conv2d, norm: nn.GroupNorm, head: nn.Conv2d, *, per_group: int) -> None:
    """Lay signals out as (x, -x, +constant, -constant) per group; the other channels stay as faint features."""
    size = norm.num_channels // norm.num_groups
    shortcut.weight.mul_(0.1)
    shortcut.bias.zero_()
    for signal in range(head.out_channels):
        first = signal // per_group * size + 4 * (signal % per_group)
        for offset, sign in ((0, 1), (1, -1)):
            shortcut.weight[first + offset] = sign * head.weight[signal]
            shortcut.bias[first + offset] = sign * head.bias[signal]
            shortcut.weight[first + 2 + offset] = 0
            shortcut.bias[first + 2 + offset] = sign * CONSTANT
        group = slice(signal // per_group * size, (signal // per_group + 1) * size)
        constants = 2 * per_group * CONSTANT**2 / size
        norm.weight[group] = math.sqrt(constants + 2 * per_group / size)
        norm.bias[group] = 0


def _read(conv: nn.Conv2d, norm: nn.GroupNorm, signals: int, *, per_group: int) -> None:
    """Output ``signal`` = silu(x) - silu(-x)."""
    size = norm.num_channels // norm.num_groups
    conv.weight.zero_()
    conv.bias.zero_()
    for signal in range(signals):
        first = signal // per_group * size + 4 * (signal % per_group)
        conv.weight[signal, first, 1, 1] = 1
        conv.weight[signal, first + 1, 1, 1] = -1
