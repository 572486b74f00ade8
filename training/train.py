"""``python -m training.train vae|text|unet|controlnet [--steps N] [--resume] [--device D] [--workers W]``.

In that order: each part reads the checkpoints of those before it.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist

from training.loop import Options
from training.train_controlnet import train_controlnet
from training.train_text import train_text
from training.train_unet import train_unet
from training.train_vae import train_vae


@dataclass(frozen=True)
class Recipe:
    """A part's defaults, and how its trainer is called with the number of drawn pictures."""

    steps: int
    learning_rate: float
    train: Callable[[Options, int], object]


RECIPES = {
    "vae": Recipe(20000, 5e-4, lambda options, count: train_vae(options, styled=24576, natural=3072)),
    "text": Recipe(1000, 1e-3, lambda options, count: train_text(options)),
    "unet": Recipe(40000, 1e-3, lambda options, count: train_unet(options, styled=count)),
    "controlnet": Recipe(5000, 1e-3, lambda options, count: train_controlnet(options, styled=count)),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.train", description=__doc__)
    parser.add_argument("part", choices=tuple(RECIPES))
    parser.add_argument("--steps", type=int, help="in all, counted from the very first")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=1, help="processes of one thread each (CPU)")
    parser.add_argument("--pictures", type=int, default=24576, help="drawn pictures whose latents are trained on")
    arguments = parser.parse_args()
    if arguments.workers == 1:
        _run(arguments)
        return
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(_worker, (arguments, Path(folder) / "meeting"), nprocs=arguments.workers)


def _worker(rank: int, arguments: argparse.Namespace, meeting: Path) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=meeting.as_uri(), rank=rank, world_size=arguments.workers)
    _run(arguments)
    dist.destroy_process_group()


def _run(arguments: argparse.Namespace) -> None:
    recipe = RECIPES[arguments.part]
    options = Options(
        steps=arguments.steps or recipe.steps,
        resume=arguments.resume,
        device=arguments.device,
        learning_rate=recipe.learning_rate,
    )
    recipe.train(options, arguments.pictures)


if __name__ == "__main__":
    main()
