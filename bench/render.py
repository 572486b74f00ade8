"""Rendering, measured: P1 to P11 in one run, our pipeline beside the plain diffusers loop and beside the model alone.

``python -m bench.render [--device cuda] [--shape sd15] [--quick]`` prints a table of ratios with their targets and
exits with 1 when a target is missed. Weights are random: they are as fast as trained ones. ``--sizes builtin`` (or
``random``) prints what a frame costs on a CPU at the sizes that people render, with ``--only 448x256`` at one of them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench import naive
from bench.sizes import SIZES, table
from bench.workload import RATE, Workload, interleaved, source_file, timed
from studio.rendering.deforum.animator import animate
from studio.rendering.diffusion.engine import DiffusionEngine
from studio.rendering.errors import Cancelled
from studio.rendering.media.sink import FrameSink
from studio.rendering.pictures.arrays import Frames
from studio.rendering.plan import DeforumParams, ModelSpec, RenderOptions, RenderPlan


@dataclass(frozen=True)
class Row:
    """One line of the table; ``passed`` is None for what is only reported."""

    id: str
    measure: str
    value: str
    target: str
    passed: bool | None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--shape", default="tiny", choices=["tiny", "sd15"])
    parser.add_argument("--quick", action="store_true", help="fewer frames and rounds")
    parser.add_argument("--sizes", choices=["builtin", "random"], help="costs of a frame by size, with these weights")
    parser.add_argument("--only", choices=[f"{width}x{height}" for width, height in SIZES], help="of these sizes")
    parser.add_argument("--threads", type=int, help="torch's; on a busy machine 1 keeps processor times honest")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    if arguments.sizes:
        _print_sizes(arguments.sizes, arguments.only, rounds=1 if arguments.quick else 3)
        return 0
    load = _workload(torch.device(arguments.device), arguments.shape, arguments.quick)
    print(f"{_machine(load)}: {load.shape}, {load.side}x{load.side}, {load.steps} x {load.denoising} steps, ", end="")
    print(f"batch {load.batch}, {load.frames} frames, median of {load.rounds} rounds\n")
    rows = measure(load, quick=arguments.quick)
    _print(rows)
    missed = [row.id for row in rows if row.passed is False]
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nall targets met")
    return 1 if missed else 0


def _print_sizes(weights: str, only: str | None, rounds: int) -> None:
    print(f"CPU, {torch.get_num_threads()} threads, median of {rounds} rounds; over the best of diffusers in float32\n")
    print("| weights | size | | wall / frame | processor / frame | over diffusers: wall / processor |")
    print("|---|---|---|---|---|---|")
    for width, height in SIZES:
        if only in (None, f"{width}x{height}"):
            for line in table(weights, width, height, rounds):
                print(line, flush=True)


def measure(load: Workload, *, quick: bool) -> list[Row]:
    """All rows, in order."""
    engine = load.build()
    clip = load.clip()
    return [
        *_throughput(load, engine, clip),
        *_call_counts(load, engine, clip),
        _deforum(load, engine),
        *_invariance(load, engine, clip),
        _memory(load, quick),
        _steps_scaling(load, engine, clip),
        _cancelling(load, engine, clip),
        _warm_start(load, engine, clip),
        *_syncs(load, engine, clip),
    ]


def _workload(device: torch.device, shape: Any, quick: bool) -> Workload:
    if shape == "sd15":
        frames, side = (32, 512) if quick or device.type == "cpu" else (208, 512)
        return Workload(device, shape, side, frames, steps=20, batch=16, rounds=1 if quick else 3)
    return Workload(device, shape, 64, 16 if quick else 32, steps=8, batch=8, rounds=3 if quick else 5)


def _throughput(load: Workload, engine: DiffusionEngine, clip: Frames) -> list[Row]:
    few = clip[: min(len(clip), 24)]
    pipeline = naive.build_pipeline(engine.parts)
    with source_file(clip) as source, tempfile.TemporaryDirectory() as folder:
        seconds = interleaved(
            load.rounds,
            naive=lambda: naive.restyle(pipeline, few, Path(folder), steps=load.steps, denoising=load.denoising),
            pure_single=lambda: load.pure(engine, few, batch=1),
            ours=lambda: load.render(engine, source, len(clip)),
            bare=lambda: load.generate(engine, clip),
            pure=lambda: load.pure(engine, clip),
        )
        compiled = None
        if load.on_gpu:
            options = RenderOptions(compile="always")
            compiled = interleaved(load.rounds, ours=lambda: load.render(engine, source, len(clip), options))["ours"]
    plain, ours = seconds["naive"] / len(few), seconds["ours"] / len(clip)
    speed, single = plain / ours, seconds["naive"] / seconds["pure_single"]
    bare, whole = seconds["bare"] / seconds["pure"], seconds["ours"] / seconds["pure"]
    wanted, limit = (4.0, 1.10) if load.on_gpu else (3.0, 1.30)
    rows = [
        Row(
            "P1",
            f"throughput, file to file ({1 / ours:.1f} frames/s), over the plain loop",
            f"{speed:.2f}x",
            f">= {wanted:g}x",
            speed >= wanted,
        )
    ]
    if compiled is not None:
        fast = plain / (compiled / len(clip))
        rows.append(Row("P1", "the same, compiled", f"{fast:.2f}x", ">= 6x", fast >= 6))
    if not load.on_gpu:
        rows.append(Row("P2", "wall / model alone, no video files", f"{bare:.2f}", "<= 1.15", bare <= 1.15))
    rows.append(
        Row("P2", "wall / model alone, decode and encode included", f"{whole:.2f}", f"<= {limit}", whole <= limit)
    )
    rows.append(Row("P3", "plain loop: wall / model alone at batch 1", f"{single:.2f}", "report", None))
    return rows


def _call_counts(load: Workload, engine: DiffusionEngine, clip: Frames) -> list[Row]:
    counted = {"text": 0, "unet": 0, "encode": 0, "decode": 0}
    parts = engine.parts
    modules = {
        "text": parts.text_encoders[0],
        "unet": parts.unet,
        "encode": parts.vae.encoder,
        "decode": parts.vae.decoder,
    }

    def counter(name: str) -> Callable[..., None]:
        return lambda *_: counted.__setitem__(name, counted[name] + 1)

    hooks = [module.register_forward_hook(counter(name)) for name, module in modules.items()]
    load.generate(engine, clip, negative_prompt="a prompt not used before")
    for hook in hooks:
        hook.remove()
    batches = -(-len(clip) // load.batch)
    steps = round(load.steps * load.denoising)
    wanted = {"text": 1, "unet": steps * batches, "encode": batches, "decode": batches}
    shown = ", ".join(f"{name} {count}" for name, count in counted.items())
    return [Row("P4", "model calls (one new prompt)", shown, "exact", counted == wanted)]


class _Stopwatch:
    """An engine that adds up the time spent in it."""

    def __init__(self, engine: DiffusionEngine) -> None:
        self._engine = engine
        self.seconds = 0.0

    def generate(self, *args: Any, **kwargs: Any) -> Frames:
        start = time.perf_counter()
        try:
            return self._engine.generate(*args, **kwargs)
        finally:
            self.seconds += time.perf_counter() - start

    def free_batch(self, height: int, width: int) -> int:
        return self._engine.free_batch(height, width)


def _deforum(load: Workload, engine: DiffusionEngine) -> Row:
    side, frames = (512, 24) if load.on_gpu else (128, 12)
    settings = {
        "animation_mode": "2D",
        "max_frames": frames,
        "zoom": "0:(1.0025+0.002*sin(1.25*3.14*t/30))",
        "strength_schedule": "0:(0.65)",
        "prompts": {"0": "a wolf in the snow"},
        "diffusion_cadence": 1,
    }
    model = ModelSpec("sd15", "", scheduler="ddim", steps=load.steps)
    plan = RenderPlan("deforum", model, side, side, str(RATE), frames, 5, DeforumParams(settings))

    def run() -> tuple[float, float]:
        watch = _Stopwatch(engine)
        with (
            tempfile.TemporaryDirectory() as folder,
            FrameSink(Path(folder), width=side, height=side, fps=RATE) as sink,
        ):
            state = Path(folder) / "state"
            state.mkdir()
            wall = timed(
                lambda: animate(plan, watch, source=None, sink=sink, state_dir=state, should_stop=lambda: False)
            )
        return wall, watch.seconds

    run()
    wall, model_seconds = min((run() for _ in range(load.rounds)), key=lambda pair: pair[0])
    rest = wall - model_seconds
    if load.on_gpu:
        each = rest / frames * 1000
        return Row("P5", "Deforum 2D, time outside the model", f"{each:.1f} ms/frame", "<= 12 ms", each <= 12)
    share = rest / wall
    return Row("P5", "Deforum 2D at 128x128, share of time outside the model", f"{share:.1%}", "<= 15 %", share <= 0.15)


def _invariance(load: Workload, engine: DiffusionEngine, clip: Frames) -> list[Row]:
    frames = clip[:8]
    alone = load.generate(engine, frames, batch=1).astype(np.int16)
    worst, share, noise = 0, 0.0, 0.0
    for size in (2, 3, 4, 8):
        apart = np.abs(load.generate(engine, frames, batch=size) - alone)
        worst, share = max(worst, int(apart.max())), max(share, float((apart > 0).mean()))
        noise = max(noise, float(np.mean(apart.astype(np.float64) ** 2)))
    if load.on_gpu:
        psnr = float("inf") if noise == 0 else 10 * np.log10(255**2 / noise)
        return [Row("P6", "batches of 2, 3, 4, 8 against single frames", f"{psnr:.1f} dB", ">= 45 dB", psnr >= 45)]
    shown = f"{worst} LSB, {share:.3%}"
    return [
        Row(
            "P6",
            "batches of 2, 3, 4, 8 against single frames",
            shown,
            "<= 1 LSB, < 0.1 %",
            worst <= 1 and share < 0.001,
        )
    ]


def _memory(load: Workload, quick: bool) -> Row:
    short, long = (50, 300) if quick else (100, 1000)
    peaks = []
    for count in (short, long):
        command = [sys.executable, "-m", "bench.fresh", "memory", str(count)]
        peaks.append(int(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]))
    ratio = peaks[1] / peaks[0]
    return Row(
        "P7", f"peak memory, {long} frames over {short} (tiny model, CPU)", f"{ratio:.3f}", "<= 1.05", ratio <= 1.05
    )


def _steps_scaling(load: Workload, engine: DiffusionEngine, clip: Frames) -> Row:
    frames = clip[: load.batch]
    seconds = interleaved(
        max(3, load.rounds),
        ten=lambda: load.generate(engine, frames, steps=20),
        five=lambda: load.generate(engine, frames, steps=10),
    )
    ratio = seconds["ten"] / seconds["five"]
    return Row("P8", "10 steps over 5", f"{ratio:.2f}", "1.6 to 2.0", 1.6 <= ratio <= 2.0)


def _cancelling(load: Workload, engine: DiffusionEngine, clip: Frames) -> Row:
    frames = clip[: load.batch]
    steps = 40
    step = timed(lambda: load.generate(engine, frames, steps=steps)) / round(steps * load.denoising)
    asked = threading.Event()
    asked_at = [0.0]

    def ask() -> None:
        asked_at[0] = time.perf_counter()
        asked.set()

    timer = threading.Timer(step * 3.5, ask)
    timer.start()
    try:
        while True:
            engine.generate(
                load.generation(steps=steps),
                height=load.side,
                width=load.side,
                count=len(frames),
                init=frames,
                should_stop=asked.is_set,
            )
    except Cancelled:
        load.wait()
        latency = time.perf_counter() - asked_at[0]
    limit = step + 0.25
    return Row(
        "P9", "cancel latency", f"{latency * 1000:.0f} ms", f"<= {limit * 1000:.0f} ms (a step + 250)", latency <= limit
    )


def _warm_start(load: Workload, engine: DiffusionEngine, clip: Frames) -> Row:
    command = [sys.executable, "-m", "bench.fresh", "start", str(load.device), load.shape, str(load.side)]
    cold = timed(lambda: subprocess.run(command, check=True, capture_output=True))
    load.generate(engine, clip[:1], steps=8)
    warm = timed(lambda: load.generate(engine, clip[:1], steps=8))
    passed = cold / warm >= 5 and (warm < 1 or not load.on_gpu)
    measure = f"first frame in a fresh process ({cold:.2f} s) over one in a warm worker ({warm:.3f} s)"
    return Row("P10", measure, f"{cold / warm:.0f}x", ">= 5x", passed)


def _syncs(load: Workload, engine: DiffusionEngine, clip: Frames) -> list[Row]:
    if not load.on_gpu:
        return [Row("P11", "device waits inside the denoising loop", "no device", "0 on a GPU", None)]

    def enter() -> bool:
        torch.cuda.set_sync_debug_mode("error")
        return False

    hook = engine.parts.vae.decoder.register_forward_pre_hook(lambda *_: torch.cuda.set_sync_debug_mode("default"))
    frames = clip[: load.batch]
    found = "0"
    try:
        engine.generate(
            load.generation(), height=load.side, width=load.side, count=len(frames), init=frames, should_stop=enter
        )
    except RuntimeError as error:
        found = str(error).splitlines()[0]
    finally:
        torch.cuda.set_sync_debug_mode("default")
        hook.remove()
    return [Row("P11", "device waits inside the denoising loop", found, "0", found == "0")]


def _machine(load: Workload) -> str:
    return torch.cuda.get_device_name(load.device) if load.on_gpu else f"CPU, {torch.get_num_threads()} threads"


def _print(rows: list[Row]) -> None:
    marks = {True: "met", False: "MISSED", None: ""}
    print("| id | measure | value | target | |\n|---|---|---|---|---|")
    for row in rows:
        print(f"| {row.id} | {row.measure} | {row.value} | {row.target} | {marks[row.passed]} |")


if __name__ == "__main__":
    sys.exit(main())
