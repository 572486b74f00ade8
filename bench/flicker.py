"""Flicker, measured: warping error, sharpness and drift of fixed noise and of smoothing 0 to 0.7 on a moving clip.

``python -m bench.flicker [--frames 16] [--side 128] [--precision bfloat16]`` renders with random tiny weights, which
exaggerate residue, so the columns compare variants and don't grade pictures. Exits with 1 when a bound of the design
is missed.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
import torch

from bench.workload import Workload
from studio.rendering.diffusion.engine import DiffusionEngine
from studio.rendering.pictures.arrays import Frames
from studio.rendering.vid2vid.finishing import Memory, finish
from studio.rendering.vid2vid.metrics import drift, sharpness, warping_error

ALPHAS = (0.0, 0.3, 0.5, 0.7)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    arguments = parser.parse_args()
    load = Workload(torch.device("cpu"), "tiny", arguments.side, arguments.frames, steps=8, batch=8, rounds=1)
    clip = _with_square(load.clip())
    engine = load.build(arguments.precision)
    fixed = load.generate(engine, clip)
    random = _random_noise(load, engine, clip)
    unit = warping_error(random, clip)
    print(f"{load.frames} frames of {load.side}x{load.side}, moving texture and a square that hides it, denoising 0.5")
    print(f"the source's own warping error is {warping_error(clip, clip) / unit:.3f} of that of random noise\n")
    print("| variant | warping error / random noise | sharpness / unblended | drift from unblended |")
    print("|---|---|---|---|")
    print("| a new noise per frame | 1.00 | 1.00 | |")
    errors = []
    for alpha in ALPHAS:
        blended, _ = finish(fixed, clip, Memory(), smoothing=alpha, stabilise_colour=False)
        errors.append(warping_error(blended, clip) / unit)
        sharp, moved = sharpness(blended) / sharpness(fixed), drift(blended, fixed)
        print(f"| one noise, smoothing {alpha} | {errors[-1]:.3f} | {sharp:.2f} | {moved:.1f} dB |")
    steady = errors[0] <= 0.75 and errors[2] <= 0.35 and errors == sorted(errors, reverse=True)
    print("\nbounds met" if steady else "\nbounds MISSED: <= 0.75 unblended, <= 0.35 at 0.5, falling with alpha")
    return 0 if steady else 1


def _random_noise(load: Workload, engine: DiffusionEngine, clip: Frames) -> Frames:
    return np.concatenate([load.generate(engine, clip[i : i + 1], seed=100 + i) for i in range(len(clip))])


def _with_square(clip: Frames) -> Frames:
    clip = clip.copy()
    side = clip.shape[1] // 3
    square = np.random.default_rng(1).integers(80, 200, (side // 4, side // 4, 3), dtype=np.uint8)
    square = square.repeat(4, axis=0).repeat(4, axis=1)
    for i, frame in enumerate(clip):
        x = 8 + 3 * i % (clip.shape[2] - square.shape[1] - 8)
        frame[side : side + square.shape[0], x : x + square.shape[1]] = square
    return clip


if __name__ == "__main__":
    sys.exit(main())
