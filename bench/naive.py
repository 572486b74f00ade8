"""The vid2vid loop everybody writes: one diffusers call and one PNG a frame, ffmpeg at the end."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import torch
from diffusers import DDIMScheduler, StableDiffusionImg2ImgPipeline
from PIL import Image

from studio.rendering.models.loading import Components
from studio.rendering.pictures.arrays import Frames


def build_pipeline(parts: Components) -> StableDiffusionImg2ImgPipeline:
    """diffusers' own pipeline on the same weights."""
    pipeline = StableDiffusionImg2ImgPipeline(
        vae=parts.vae,
        text_encoder=parts.text_encoders[0],
        tokenizer=parts.tokenizers[0],
        unet=parts.unet,
        scheduler=DDIMScheduler.from_config(parts.scheduler_config),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def restyle(
    pipeline: StableDiffusionImg2ImgPipeline,
    frames: Frames,
    folder: Path,
    *,
    steps: int,
    denoising: float,
    batch: int = 1,
) -> Path:
    """Restyle (n, h, w, 3), ``batch`` at a time, and encode the result."""
    for start in range(0, len(frames), batch):
        images = [Image.fromarray(frame) for frame in frames[start : start + batch]]
        pictures = pipeline(
            ["a wolf in the snow"] * len(images),
            negative_prompt=["grey"] * len(images),
            image=images,
            strength=denoising,
            num_inference_steps=steps,
            guidance_scale=7.0,
            generator=[torch.Generator().manual_seed(5) for _ in images],
        ).images
        for i, picture in enumerate(pictures, start=start):
            picture.save(folder / f"{i:06d}.png")
    video = folder / "naive.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-framerate", "24"]
    command += ["-i", str(folder / "%06d.png"), "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
    subprocess.run([*command, str(video)], check=True)
    return video
