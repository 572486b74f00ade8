"""Convolutions as matrix products: the same numbers, within bfloat16."""

import copy

import pytest
import torch
from torch import nn

from training.small_convolution import use_matrix_products


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize(("height", "width"), [(4, 4), (6, 10), (16, 16)])
def test_outputs_and_gradients_agree_with_conv2d(height, width, frozen):
    torch.manual_seed(0)
    plain = nn.Conv2d(192, 64, 3, padding=1)
    plain.requires_grad_(not frozen)
    fast = copy.deepcopy(plain)
    use_matrix_products(fast)
    x = torch.randn(2, 192, height, width)
    results = []
    for module in (plain, fast):
        given = x.clone().requires_grad_()
        y = module(given)
        (y.float() * torch.linspace(-1, 1, y.numel()).view_as(y)).sum().backward()
        results.append([y.float(), given.grad, *(p.grad for p in module.parameters() if not frozen)])
    for expected, found in zip(*results, strict=True):
        assert (found - expected).abs().max() < 0.02 * expected.abs().max()


def test_a_copy_has_weights_of_its_own():
    module = nn.Sequential(nn.Conv2d(192, 8, 3, padding=1))
    use_matrix_products(module)
    other = copy.deepcopy(module)
    nn.init.zeros_(other[0].weight)
    nn.init.zeros_(other[0].bias)
    x = torch.randn(1, 192, 4, 4)
    assert not other(x).any()
    assert module(x).any()
