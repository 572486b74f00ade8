"""What is measured: a model, a clip, and one job on them run in several ways."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import torch

from studio.rendering.diffusion.engine import DiffusionEngine
from studio.rendering.diffusion.interface import Generation, WeightedPrompt
from studio.rendering.diffusion.numerics import Precision
from studio.rendering.media.decode import FrameReader
from studio.rendering.media.sink import FrameSink
from studio.rendering.models.tiny import Shape, build_random
from studio.rendering.pictures.arrays import Frames
from studio.rendering.plan import ModelSpec, RenderOptions, RenderPlan, Vid2VidParams
from studio.rendering.vid2vid.pipeline import restyle

RATE = Fraction(24)


@dataclass(frozen=True)
class Workload:
    """One job: ``frames`` of ``side`` x ``side``, ``steps`` x ``denoising``, guidance 7."""

    device: torch.device
    shape: Shape
    side: int
    frames: int
    steps: int
    batch: int
    rounds: int
    denoising: float = 0.5

    @property
    def on_gpu(self) -> bool:
        return self.device.type == "cuda"

    def build(self, precision: Precision = "float32") -> DiffusionEngine:
        """A fresh engine with random weights; ``precision`` is a CPU's."""
        dtype = torch.float16 if self.on_gpu else torch.float32
        return DiffusionEngine(build_random(self.shape, device=str(self.device), dtype=dtype), self.device, precision)

    def clip(self, frames: int | None = None) -> Frames:
        """A texture that moves two pixels a frame."""
        count = frames or self.frames
        noise = np.random.default_rng(0).integers(0, 256, (self.side, self.side + 2 * count, 3), dtype=np.uint8)
        wide = cv2.GaussianBlur(noise, (0, 0), 2)
        return np.stack([wide[:, 2 * i : 2 * i + self.side] for i in range(count)])

    def generation(self, **changes: object) -> Generation:
        prompts = (WeightedPrompt("a wolf in the snow"),)
        base = Generation(prompts, "grey", steps=self.steps, denoising=self.denoising, seed=5, scheduler="ddim")
        return replace(base, **changes)  # type: ignore[arg-type]

    def generate(self, engine: DiffusionEngine, frames: Frames, batch: int | None = None, **changes: object) -> Frames:
        """Our engine over the clip, no video files."""
        size = batch or self.batch
        generation = self.generation(**changes)
        parts = [frames[i : i + size] for i in range(0, len(frames), size)]
        out = [engine.generate(generation, height=self.side, width=self.side, count=len(p), init=p) for p in parts]
        return np.concatenate(out)

    def render(self, engine: DiffusionEngine, source: Path, frames: int, options: RenderOptions | None = None) -> None:
        """Our pipeline from file to file: ffmpeg decodes, the engine renders, ffmpeg encodes."""
        params = Vid2VidParams("a wolf in the snow", "grey", denoising=self.denoising)
        model = ModelSpec("sd15", "", scheduler="ddim", steps=self.steps)
        plan = RenderPlan(
            "vid2vid",
            model,
            self.side,
            self.side,
            str(RATE),
            frames,
            5,
            params,
            batch_size=self.batch,
            options=options or RenderOptions(),
        )
        with (
            tempfile.TemporaryDirectory() as folder,
            FrameReader(source, width=self.side, height=self.side, fps=RATE, count=frames) as reader,
            FrameSink(Path(folder), width=self.side, height=self.side, fps=RATE) as sink,
        ):
            restyle(plan, engine, source=iter(reader), sink=sink, state_dir=Path(folder), should_stop=lambda: False)
            sink.finish()

    @torch.inference_mode()
    def pure(self, engine: DiffusionEngine, frames: Frames, batch: int | None = None) -> None:
        """The model alone: VAE encoder, the UNet's forwards, VAE decoder, nothing between them."""
        size = batch or self.batch
        unet, vae, dtype = engine.parts.unet, engine.parts.vae, engine.dtype
        tokens = torch.cat([engine.prompts.encode(text).tokens for text in ("grey", "a wolf in the snow")])
        for start in range(0, len(frames), size):
            count = len(frames[start : start + size])
            pixels = torch.zeros(count, 3, self.side, self.side, device=self.device, dtype=vae.dtype)
            latents = vae.encode(pixels).latent_dist.mode().to(dtype)
            both = latents.repeat(2, 1, 1, 1)
            states = tokens.repeat_interleave(count, dim=0)
            for step in range(round(self.steps * self.denoising)):
                timestep = torch.tensor(500 - step, device=self.device)
                unet(both, timestep, encoder_hidden_states=states, return_dict=False)
            vae.decode(latents.to(vae.dtype), return_dict=False)
        self.wait()

    def wait(self) -> None:
        """Until the device has done what it was given."""
        if self.on_gpu:
            torch.cuda.synchronize(self.device)


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def interleaved(rounds: int, **contestants: Callable[[], object]) -> dict[str, float]:
    """Median seconds of each, taken in turns so that a busy machine slows all alike; a first round is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for counted in range(rounds + 1):
        for name, work in contestants.items():
            seconds = timed(work)
            if counted:
                taken[name].append(seconds)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


@contextmanager
def source_file(frames: Frames) -> Iterator[Path]:
    """The clip as an H.264 file."""
    height, width = frames.shape[1:3]
    with tempfile.TemporaryDirectory() as folder, FrameSink(Path(folder), width=width, height=height, fps=RATE) as sink:
        sink.append(frames, [{} for _ in frames])
        yield sink.finish()
