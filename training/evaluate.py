"""``python -m training.evaluate [--count 96]``: every measure of the model card, as JSON."""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from diffusers import (
    ControlNetModel,
    StableDiffusionControlNetPipeline,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionPipeline,
)
from numpy.typing import NDArray
from PIL import Image

from studio.builtin_model.location import builtin_model_path
from training.captions import describe
from training.dataset import HELD_OUT_SEED
from training.judges import (
    StyleJudge,
    edge_agreement,
    ground_region,
    held_out_pictures,
    object_region,
    psnr,
    region_colour,
    shows_colour,
    sky_region,
)
from training.natural import natural_picture
from training.scenes import CHROMATIC, Scene, sample_scene, scene_at
from training.styles import COLOUR_KEEPING, STYLES, render
from training.train_controlnet import canny_edges

Frames = NDArray[np.uint8]
"""(n, h, w, 3) RGB."""

JUDGE_PICTURES = 720
LEAST_CONTRAST = 30.0
"""Standard deviation of a frame's blurred brightness (0..255) from which on it has a layout."""
PROMPT_SEED = 3
"""Scenes asked for in prompts; no picture of them is ever drawn."""


@dataclass
class Sampler:
    """The shipped folder, loaded as any Stable Diffusion folder is."""

    folder: Path
    steps: int = 12
    guidance: float = 3.0

    def __post_init__(self) -> None:
        self.pipeline = StableDiffusionPipeline.from_pretrained(self.folder, dtype=torch.float32)
        self.pipeline.set_progress_bar_config(disable=True)

    def draw(
        self, prompts: list[str], *, seed: int = 0, height: int = 128, width: int = 128, batch: int = 16
    ) -> Frames:
        """One picture per prompt, each with noise of its own."""
        generator = torch.Generator().manual_seed(seed)
        pictures = [
            self.pipeline(
                prompts[i : i + batch], generator=generator, **self._settings(), height=height, width=width
            ).images
            for i in range(0, len(prompts), batch)
        ]
        return _to_bytes(np.concatenate(pictures))

    def repaint(self, frames: Frames, prompt: str, *, denoising: float, seed: int = 0) -> Frames:
        """Image to image, the same noise for every frame."""
        img2img = StableDiffusionImg2ImgPipeline(**self.pipeline.components, requires_safety_checker=False)
        img2img.set_progress_bar_config(disable=True)
        pictures = np.concatenate(
            [
                img2img(
                    prompt,
                    image=Image.fromarray(frame),
                    strength=denoising,
                    generator=torch.Generator().manual_seed(seed),
                    **self._settings(steps=max(self.steps, round(4 / denoising))),
                ).images
                for frame in frames
            ]
        )
        return _to_bytes(pictures)

    def follow(self, edges: Frames, prompts: list[str], *, weight: float, seed: int = 0) -> Frames:
        """Text to image along Canny edges; ``weight`` 0 is without ControlNet."""
        controlnet = ControlNetModel.from_pretrained(self.folder / "controlnet", dtype=torch.float32)
        guided = StableDiffusionControlNetPipeline(
            **self.pipeline.components, controlnet=controlnet, requires_safety_checker=False
        )
        guided.set_progress_bar_config(disable=True)
        pictures = guided(
            prompts,
            image=[Image.fromarray(edge) for edge in edges],
            controlnet_conditioning_scale=weight,
            generator=torch.Generator().manual_seed(seed),
            **self._settings(),
        ).images
        return _to_bytes(pictures)

    def _settings(self, *, steps: int | None = None) -> dict[str, object]:
        return {"num_inference_steps": steps or self.steps, "guidance_scale": self.guidance, "output_type": "np"}

    @torch.no_grad()
    def through_vae(self, frames: Frames) -> Frames:
        """Encode and decode."""
        vae = self.pipeline.vae
        x = torch.from_numpy(frames).permute(0, 3, 1, 2).float().div(127.5).sub(1)
        y = vae.decode(vae.encode(x).latent_dist.mode()).sample
        return _to_bytes(y.add(1).div(2).clamp(0, 1).permute(0, 2, 3, 1).numpy())


def adherence(sampler: Sampler, judge: StyleJudge, count: int) -> dict[str, float]:
    """Share of attributes found in the picture; ``colour_chance`` is the share of a colour nobody asked for."""
    scenes = _prompted(count, COLOUR_KEEPING)
    prompts = [describe(scene, np.random.default_rng(i), complete=True).text for i, scene in enumerate(scenes)]
    pictures = sampler.draw(prompts)
    h, w = pictures.shape[1:3]
    hits: dict[str, list[bool]] = {"sky": [], "ground": [], "object": [], "object_chance": []}
    for i, (scene, picture) in enumerate(zip(scenes, pictures, strict=True)):
        if scene.sky in CHROMATIC:
            hits["sky"].append(region_colour(picture, sky_region(scene, h, w)) == scene.sky)
        if scene.ground in CHROMATIC and scene.kind != "abstract":
            hits["ground"].append(region_colour(picture, ground_region(scene, h, w)) == scene.ground)
        if scene.thing and scene.thing_colour in CHROMATIC:
            others = [name for name in CHROMATIC if name not in (scene.sky, scene.ground, scene.thing_colour)]
            region = object_region(scene, h, w)
            hits["object"].append(shows_colour(picture, region, scene.thing_colour))
            hits["object_chance"].append(shows_colour(picture, region, others[i % len(others)]))
    scenes = _prompted(count, STYLES)
    prompts = [describe(scene, np.random.default_rng(i), complete=True).text for i, scene in enumerate(scenes)]
    found = judge.judge(list(sampler.draw(prompts, seed=1)))
    hits["style"] = [style == scene.style for style, scene in zip(found, scenes, strict=True)]
    return {name: float(np.mean(values)) for name, values in hits.items()}


def reconstruction(sampler: Sampler) -> dict[str, float]:
    """VAE PSNR in dB on pictures that no training saw."""
    natural = np.stack([natural_picture(np.random.default_rng([HELD_OUT_SEED, i]), 256, 256) for i in range(12)])
    styled = np.stack(held_out_pictures(48)[0])
    return {
        "natural_256": psnr(sampler.through_vae(natural), natural),
        "styled_128": psnr(sampler.through_vae(styled), styled),
    }


def diversity(sampler: Sampler) -> float:
    """Mean absolute difference (0..255) between pictures of one prompt with different noise."""
    pictures = sampler.draw(["a green forest under a blue sky, flat"] * 6).astype(float)
    return float(np.mean([np.abs(a - b).mean() for i, a in enumerate(pictures) for b in pictures[:i]]))


def identity(sampler: Sampler) -> float:
    """PSNR (dB) of image to image at denoising 0.1 against its input."""
    scene = scene_at(5, styles=("photo",), seed=HELD_OUT_SEED)
    frames = np.stack([render(scene, time=t) for t in (0.0, 0.5)])
    return psnr(
        sampler.repaint(frames, describe(scene, np.random.default_rng(0), complete=True).text, denoising=0.1), frames
    )


def layout_kept(sampler: Sampler, *, denoising: float, clips: int = 4) -> float:
    """Correlation of blurred brightness before and after repainting photograph-like frames in three styles.

    Frames that have a layout: of an even surface, the correlation is that of noise.
    """
    kept = []
    for frames in itertools.islice(_frames_with_masses(), clips):
        for style in ("watercolor", "oil painting", "photo"):
            pairs = zip(_masses(frames), _masses(sampler.repaint(frames, style, denoising=denoising)), strict=True)
            kept += [np.corrcoef(before.ravel(), after.ravel())[0, 1] for before, after in pairs]
    return float(np.mean(kept))


def restyling(sampler: Sampler, judge: StyleJudge, *, denoising: float = 0.6, clips: int = 4) -> float:
    """Share of frames whose repainting as neon or as watercolor is told apart by the style judge."""
    right = []
    for clip in range(clips):
        frames = np.stack(
            [natural_picture(np.random.default_rng([HELD_OUT_SEED, 900 + clip]), shift=2.0 * t) for t in range(3)]
        )
        for style in ("neon", "watercolor"):
            found = judge.judge(list(sampler.repaint(frames, style, denoising=denoising)), among=("neon", "watercolor"))
            right += [name == style for name in found]
    return float(np.mean(right))


def edge_following(sampler: Sampler, count: int = 12) -> dict[str, float]:
    """F1 of Canny edges against the control picture, with the ControlNet and without."""
    scenes = [scene_at(i, styles=("flat",), seed=HELD_OUT_SEED) for i in range(count)]
    edges = np.stack([canny_edges(render(scene)) for scene in scenes])
    prompts = [describe(scene, np.random.default_rng(i), complete=True).text for i, scene in enumerate(scenes)]
    result = {}
    for name, weight in (("on", 1.0), ("off", 0.0)):
        pictures = sampler.follow(edges, prompts, weight=weight)
        result[name] = float(np.mean([edge_agreement(p, e) for p, e in zip(pictures, edges, strict=True)]))
    return result


def evaluate(folder: Path, count: int) -> dict[str, object]:
    """All measures; about ten minutes on two CPU cores at ``count`` 96."""
    sampler = Sampler(folder)
    judge = StyleJudge(*held_out_pictures(JUDGE_PICTURES))
    measures: dict[str, object] = {
        "adherence": adherence(sampler, judge, count),
        "vae_psnr_db": reconstruction(sampler),
    }
    measures |= {
        "diversity": diversity(sampler),
        "identity_psnr_db": identity(sampler),
        "layout": {str(share): layout_kept(sampler, denoising=share) for share in (0.3, 0.5)},
        "restyling": restyling(sampler, judge),
    }
    if (folder / "controlnet").exists():
        measures["edge_f1"] = edge_following(sampler)
    return measures


def _prompted(count: int, styles: tuple[str, ...]) -> list[Scene]:
    rng = np.random.default_rng(PROMPT_SEED)
    return [sample_scene(rng, style=styles[i % len(styles)]) for i in range(count)]


def _frames_with_masses() -> Iterator[Frames]:
    for index in itertools.count(900):
        frames = natural_picture(np.random.default_rng([HELD_OUT_SEED, index]))[None]
        if _masses(frames)[0].std() >= LEAST_CONTRAST:
            yield frames


def _masses(frames: Frames) -> list[NDArray[np.uint8]]:
    return [cv2.GaussianBlur(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), (0, 0), 4) for frame in frames]


def _to_bytes(pictures: NDArray[np.float32]) -> Frames:
    return (pictures * 255).round().astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__)
    parser.add_argument("--count", type=int, default=96, help="pictures per adherence measure")
    parser.add_argument("--folder", type=Path, default=builtin_model_path())
    arguments = parser.parse_args()
    print(json.dumps(evaluate(arguments.folder, arguments.count), indent=2))


if __name__ == "__main__":
    main()
