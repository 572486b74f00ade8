"""The training loop that VAE, UNet and ControlNet share: AdamW, EMA, checkpoints, a progress bar."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from tqdm import tqdm

from studio.builtin_model.location import training_cache

WARMUP_STEPS = 30
DECAY_SHARE = 0.25
CHECKPOINT_EVERY = 50
AVERAGE_EVERY = 10
"""Steps between two averagings of the workers: waiting for the slower one at each step costs a third of the time."""
SMOOTHING = 0.98


@dataclass(frozen=True)
class Options:
    """``steps`` counts from zero, resumed ones included, so a longer run continues a shorter one."""

    steps: int
    resume: bool = False
    device: str = "cpu"
    learning_rate: float = 1e-3
    ema_decay: float = 0.998
    weight_decay: float = 0.01


def fit(
    name: str, model: nn.Module, loss_of: Callable[[np.random.Generator], torch.Tensor], options: Options
) -> nn.Module:
    """Train ``model`` in place and return its exponential moving average.

    ``loss_of`` draws its batch from the generator it is given; that is seeded by step and worker, so a resumed run sees
    what an uninterrupted one would. The learning rate warms up, stays, and falls linearly over the last quarter.
    bfloat16 autocast throughout. Writes ``{name}.pt`` to the training cache. Inside ``torch.distributed`` the workers
    train apart and their weights are averaged every few steps (local SGD).
    """
    rank = dist.get_rank() if dist.is_initialized() else 0
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(
        trainable, lr=options.learning_rate, weight_decay=options.weight_decay, betas=(0.9, 0.99), fused=True
    )
    average = copy.deepcopy(model).requires_grad_(False)
    path = checkpoint_path(name)
    start = _restore(path, model, average, optimizer) if options.resume else 0
    bar = tqdm(
        range(start, options.steps), initial=start, total=options.steps, desc=name, mininterval=5, disable=rank > 0
    )
    shown = 0.0
    for step in bar:
        for group in optimizer.param_groups:
            group["lr"] = options.learning_rate * _schedule(step, options.steps)
        torch.manual_seed(step * 64 + rank)
        with torch.autocast(options.device.split(":")[0], torch.bfloat16):
            loss = loss_of(np.random.default_rng([step, 1 + rank]))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trainable, 1.0)
        optimizer.step()
        if dist.is_initialized() and (step + 1) % AVERAGE_EVERY == 0:
            _average_workers(trainable)
        _follow(average, model, min(options.ema_decay, (step + 1) / (step + 10)))
        shown = loss.item() if step == start else SMOOTHING * shown + (1 - SMOOTHING) * loss.item()
        bar.set_postfix(loss=f"{shown:.4f}", refresh=False)
        if rank == 0 and ((step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == options.steps):
            _save(path, model, average, optimizer, step + 1)
    return average


def checkpoint_path(name: str) -> Path:
    return training_cache() / f"{name}.pt"


def load_average(name: str, model: nn.Module) -> int:
    """Load the averaged weights of checkpoint ``name`` into ``model``; return the step they were taken at."""
    state = torch.load(checkpoint_path(name), map_location="cpu", weights_only=True)
    model.load_state_dict(state["average"])
    return int(state["step"])


def _schedule(step: int, steps: int) -> float:
    return min((step + 1) / WARMUP_STEPS, 1.0, (steps - step) / (DECAY_SHARE * steps) + 0.01)


@torch.no_grad()
def _average_workers(parameters: list[nn.Parameter]) -> None:
    vector = torch.cat([parameter.reshape(-1) for parameter in parameters])
    dist.all_reduce(vector)
    for parameter, mean in zip(parameters, vector.split([p.numel() for p in parameters]), strict=True):
        parameter.copy_(mean.view(parameter.shape) / dist.get_world_size())


@torch.no_grad()
def _follow(average: nn.Module, model: nn.Module, decay: float) -> None:
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)


def _save(path: Path, model: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    part = path.with_suffix(".part")
    state = {
        "model": model.state_dict(),
        "average": average.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": step,
    }
    torch.save(state, part)
    part.replace(path)


def _restore(path: Path, model: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    state = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(state["model"])
    average.load_state_dict(state["average"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])
