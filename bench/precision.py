"""What bfloat16 costs in pictures: the built-in model in both precisions, judged by eyes that don't know the model.

``python -m bench.precision [--count 48]`` prints how far frames are apart, how well pictures keep to their prompts and
how steady restyled clips are. Exits with 1 when a bound is missed.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import numpy as np
import torch

from studio.builtin_model.location import builtin_model_path
from studio.rendering.diffusion.engine import DiffusionEngine
from studio.rendering.diffusion.interface import Generation, WeightedPrompt
from studio.rendering.models.cache import build_engine
from studio.rendering.pictures.arrays import Frames
from studio.rendering.plan import ModelSpec
from studio.rendering.vid2vid.metrics import warping_error
from training.dataset import HELD_OUT_SEED
from training.evaluate import JUDGE_PICTURES, adherence
from training.judges import StyleJudge, held_out_pictures
from training.natural import natural_picture

SIZES = ((64, 64), (256, 256), (256, 448))
LEAST_DB, MOST_LEVELS, MOST_FLICKER, MOST_LOST = 50.0, 4, 1.02, 0.03
PROMPTS = ("a neon town at night", "watercolor, a green forest", "an oil painting of a red house")


@dataclass
class Painter:
    """Our engine as the judges' sampler: a noise of its own for each picture."""

    engine: DiffusionEngine

    def draw(self, prompts: list[str], *, seed: int = 0) -> Frames:
        return np.concatenate([self._one(prompt, seed * 10_000 + i) for i, prompt in enumerate(prompts)])

    def _one(self, prompt: str, seed: int) -> Frames:
        wanted = Generation((WeightedPrompt(prompt),), cfg_scale=3.0, steps=12, seed=seed)
        return self.engine.generate(wanted, height=128, width=128)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=48, help="pictures per adherence measure")
    count = parser.parse_args().count
    spec = ModelSpec("sd15", str(builtin_model_path()))
    exact, short = build_engine(spec, torch.device("cpu")), build_engine(spec, torch.device("cpu"), "bfloat16")
    passed = True
    print("| frames | PSNR | most levels | warping error, of float32's |\n|---|---|---|---|")
    for height, width in SIZES:
        for prompt in PROMPTS:
            clip, before, after = _restyled(exact, short, height, width, prompt)
            difference = np.abs(before.astype(int) - after)
            decibel = 10 * np.log10(255**2 / np.mean(difference**2))
            flicker = warping_error(after, clip) / warping_error(before, clip)
            passed &= decibel >= LEAST_DB and difference.max() <= MOST_LEVELS and flicker <= MOST_FLICKER
            print(f"| {width}x{height}, {prompt} | {decibel:.1f} dB | {difference.max()} | {flicker:.3f} |", flush=True)
    judge = StyleJudge(*held_out_pictures(JUDGE_PICTURES))
    scores = [adherence(Painter(engine), judge, count) for engine in (exact, short)]  # type: ignore[arg-type]
    print("\n| share found | float32 | bfloat16 |\n|---|---|---|")
    for name, share in scores[0].items():
        passed &= name == "object_chance" or scores[1][name] >= share - MOST_LOST
        print(f"| {name} | {share:.3f} | {scores[1][name]:.3f} |")
    print("\nbounds met" if passed else "\nbounds MISSED")
    return 0 if passed else 1


def _restyled(
    exact: DiffusionEngine, short: DiffusionEngine, height: int, width: int, prompt: str
) -> tuple[Frames, Frames, Frames]:
    rng = [HELD_OUT_SEED, 900]
    clip = np.stack([natural_picture(np.random.default_rng(rng), height, width, shift=2.0 * t) for t in range(4)])
    wanted = Generation((WeightedPrompt(prompt),), "grey", cfg_scale=3.0, steps=16, denoising=0.5, seed=5)
    before, after = (
        engine.generate(wanted, height=height, width=width, count=len(clip), init=clip) for engine in (exact, short)
    )
    return clip, before, after


if __name__ == "__main__":
    sys.exit(main())
