"""``python -m training.export``: the checkpoints as one Stable Diffusion folder, fp16 safetensors."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline

from studio.builtin_model.location import builtin_model_path, training_cache
from training.loop import checkpoint_path, load_average
from training.networks import make_controlnet, make_scheduler
from training.tokenizer import training_tokenizer
from training.train_unet import make_denoiser, trained_vae


def export(folder: Path) -> None:
    """Write the averaged weights of the last checkpoints to ``folder`` (``controlnet/`` too, once there is one)."""
    denoiser = make_denoiser()
    load_average("unet", denoiser)
    pipeline = StableDiffusionPipeline(
        vae=trained_vae(),
        text_encoder=denoiser["text_encoder"],
        tokenizer=training_tokenizer(),
        unet=denoiser["unet"],
        scheduler=make_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(torch.float16).save_pretrained(folder)
    # The very one of the training: learnt anew, merges of equal frequency come in another order.
    shutil.copytree(training_cache() / "tokenizer", folder / "tokenizer", dirs_exist_ok=True)
    if checkpoint_path("controlnet").exists():
        controlnet = make_controlnet(denoiser["unet"])
        load_average("controlnet", controlnet)
        controlnet.to(torch.float16).save_pretrained(folder / "controlnet")


if __name__ == "__main__":
    export(builtin_model_path())
