"""3x3 convolutions over very small maps as one matrix product: over a quarter off a training step on a CPU.

oneDNN's gradient of a convolution with hundreds of channels over 4x4 positions runs at a fraction of a matrix product's
speed, so the bottleneck's convolutions are trained through im2col. The weights stay those of ``nn.Conv2d``.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

FEWEST_CHANNELS, MOST_POSITIONS = 192, 64


def use_matrix_products(model: nn.Module) -> None:
    """Let the 3x3 convolutions of ``model`` that gain from it compute as matrix products (bfloat16) while training."""
    for module in model.modules():
        if (
            isinstance(module, nn.Conv2d)
            and (module.kernel_size, module.stride, module.padding) == ((3, 3), (1, 1), (1, 1))
            and module.in_channels >= FEWEST_CHANNELS
        ):
            module.forward = _Switch(module)


class _Switch:
    """The forward function of one convolution: a plain object, so that a copied model gets its own."""

    def __init__(self, module: nn.Conv2d) -> None:
        self.module = module

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        if torch.is_grad_enabled() and x.shape[-2] * x.shape[-1] <= MOST_POSITIONS:
            return _MatrixConvolution.apply(x, self.module.weight, self.module.bias)
        return F.conv2d(x, self.module.weight, self.module.bias, padding=1)


class _MatrixConvolution(torch.autograd.Function):
    """``conv2d(x, weight, bias, padding=1)`` for (n, c, h, w) and (o, c, 3, 3), in bfloat16."""

    @staticmethod
    def forward(ctx: object, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        x, kernel = x.bfloat16(), weight.bfloat16()
        ctx.save_for_backward(x, kernel)
        y = torch.addmm(bias.bfloat16(), _columns(x), kernel.permute(2, 3, 1, 0).flatten(0, 2))
        return _picture(y, x)

    @staticmethod
    def backward(ctx: object, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, kernel = ctx.saved_tensors
        gradient = gradients[0].bfloat16()
        of_x = of_weight = of_bias = None
        if ctx.needs_input_grad[0]:
            turned = kernel.flip(2, 3).permute(2, 3, 0, 1).flatten(0, 2)
            of_x = _picture(_columns(gradient) @ turned, x)
        if ctx.needs_input_grad[1]:
            rows = gradient.permute(0, 2, 3, 1).flatten(0, 2)
            of_weight = (_columns(x).t() @ rows).view(3, 3, x.shape[1], -1).permute(3, 2, 0, 1).float()
            of_bias = rows.float().sum(0)
        return of_x, of_weight, of_bias


def _columns(x: torch.Tensor) -> torch.Tensor:
    """(n, c, h, w) to every position's 3x3 neighbourhood: (n h w, 9 c)."""
    n, c, h, w = x.shape
    padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))
    image, row, column, channel = padded.stride()
    return padded.as_strided((n, h, w, 3, 3, c), (image, row, column, row, column, channel)).reshape(n * h * w, 9 * c)


def _picture(rows: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    n, _, h, w = like.shape
    return rows.view(n, h, w, -1).permute(0, 3, 1, 2)
