"""Random models, made in the process: tiny ones for tests and demonstrations, full-size ones for benchmarks.

They are real diffusers components with random weights, so everything but the beauty of the picture is real, timing
included. Every builder writes a folder in diffusers format (safetensors only) and is seeded: same seed, same bytes.
"""

from __future__ import annotations

import json
import string
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderTiny,
    ControlNetModel,
    MotionAdapter,
    UNet2DConditionModel,
)
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from studio.rendering.models.loading import Components

Shape = Literal["tiny", "sd15"]

_START, _END = "<|startoftext|>", "<|endoftext|>"
_BLOCKS = (32, 64)
_CROSS = 32
_VAE_BLOCKS = (16, 32, 32, 32)

_SCHEDULER: dict[str, object] = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "epsilon",
    "timestep_spacing": "leading",
    "steps_offset": 1,
    "set_alpha_to_one": False,
    "clip_sample": False,
}


def build_sd15(folder: Path, *, seed: int = 0, draft_decoder: bool = True) -> Path:
    """A Stable Diffusion 1.5 in miniature (1.5 MB); ``draft_decoder`` adds an AutoencoderTiny as ``vae_tiny``."""
    with _seeded(seed):
        unet = UNet2DConditionModel(**_unet_config("tiny"))
        vae = AutoencoderKL(**_vae_config("tiny"))
        text_encoder = CLIPTextModel(_text_config("tiny"))
        if draft_decoder:
            _tiny_autoencoder().save_pretrained(folder / "vae_tiny")
    unet.save_pretrained(folder / "unet")
    vae.save_pretrained(folder / "vae")
    text_encoder.save_pretrained(folder / "text_encoder")
    _write_tokenizer(folder / "tokenizer")
    _write_scheduler(folder / "scheduler", "DDIMScheduler")
    _write_index(folder, "StableDiffusionPipeline", unet, vae, text_encoder=text_encoder)
    return folder


def build_sdxl(folder: Path, *, seed: int = 0) -> Path:
    """A Stable Diffusion XL in miniature: two text encoders, pooled text and size conditioning."""
    with _seeded(seed):
        unet = UNet2DConditionModel(
            **{
                **_unet_config("tiny"),
                "cross_attention_dim": 2 * _CROSS,
                "addition_embed_type": "text_time",
                "addition_time_embed_dim": 8,
                "projection_class_embeddings_input_dim": _CROSS + 6 * 8,
            }
        )
        vae = AutoencoderKL(**{**_vae_config("tiny"), "scaling_factor": 0.13025})
        text_encoder = CLIPTextModel(_text_config("tiny"))
        text_encoder_2 = CLIPTextModelWithProjection(_text_config("tiny", projection_dim=_CROSS))
    unet.save_pretrained(folder / "unet")
    vae.save_pretrained(folder / "vae")
    text_encoder.save_pretrained(folder / "text_encoder")
    text_encoder_2.save_pretrained(folder / "text_encoder_2")
    _write_tokenizer(folder / "tokenizer")
    _write_tokenizer(folder / "tokenizer_2")
    _write_scheduler(folder / "scheduler", "EulerDiscreteScheduler")
    _write_index(
        folder, "StableDiffusionXLPipeline", unet, vae, text_encoder=text_encoder, text_encoder_2=text_encoder_2
    )
    return folder


def build_animatediff(folder: Path, *, seed: int = 0) -> Path:
    """A tiny SD 1.5 with a motion adapter in ``motion_adapter``: the layout of the ``animatediff`` family."""
    build_sd15(folder, seed=seed, draft_decoder=False)
    build_motion_adapter(folder / "motion_adapter", seed=seed)
    return folder


def build_motion_adapter(folder: Path, *, seed: int = 0) -> Path:
    """Motion modules that fit :func:`build_sd15`, for up to 16 frames."""
    with _seeded(seed + 1):
        adapter = MotionAdapter(
            block_out_channels=_BLOCKS,
            motion_layers_per_block=1,
            motion_mid_block_layers_per_block=1,
            motion_norm_num_groups=8,
            motion_num_attention_heads=2,
            motion_max_seq_length=16,
            use_motion_mid_block=False,
        )
    adapter.save_pretrained(folder)
    return folder


def build_controlnet(folder: Path, *, seed: int = 0) -> Path:
    """A ControlNet that fits :func:`build_sd15`; its zero convolutions are filled, so that it changes the picture."""
    config = _unet_config("tiny")
    keep = (
        "block_out_channels",
        "layers_per_block",
        "down_block_types",
        "cross_attention_dim",
        "attention_head_dim",
        "norm_num_groups",
    )
    with _seeded(seed + 2):
        controlnet = ControlNetModel(
            in_channels=4, conditioning_embedding_out_channels=(8, 16, 16, 32), **{key: config[key] for key in keep}
        )
        zero_convolutions = [
            *controlnet.controlnet_down_blocks,
            controlnet.controlnet_mid_block,
            controlnet.controlnet_cond_embedding.conv_out,
        ]
        for layer in zero_convolutions:
            torch.nn.init.normal_(layer.weight, std=0.1)
    controlnet.save_pretrained(folder)
    return folder


def build_lora(path: Path, *, seed: int = 0, rank: int = 4) -> Path:
    """A LoRA file for the attention of :func:`build_sd15`'s UNet, in diffusers' key format."""
    unet = UNet2DConditionModel(**_unet_config("tiny"))
    generator = torch.Generator().manual_seed(seed + 3)
    state: dict[str, torch.Tensor] = {}
    for name, module in unet.named_modules():
        if isinstance(module, torch.nn.Linear) and name.endswith(("to_q", "to_k", "to_v")):
            state[f"unet.{name}.lora_A.weight"] = torch.randn(rank, module.in_features, generator=generator) * 0.3
            state[f"unet.{name}.lora_B.weight"] = torch.randn(module.out_features, rank, generator=generator) * 0.3
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(state, path)
    return path


def build_random(
    shape: Shape = "sd15", *, seed: int = 0, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> Components:
    """Components in memory, with random weights: ``sd15`` has the exact layer sizes of Stable Diffusion 1.5 (860 M in
    the UNet).

    Random weights are as fast as trained ones. The tokenizer is the 54-token one, its ids being valid in any CLIP.
    """
    with _seeded(seed), torch.device(device), _default_dtype(dtype):
        unet = UNet2DConditionModel(**_unet_config(shape))
        vae = AutoencoderKL(**_vae_config(shape))
        text_encoder = CLIPTextModel(_text_config(shape))
    return Components(
        unet=unet.eval(),
        vae=vae.eval(),
        text_encoders=(text_encoder.eval(),),
        tokenizers=(_tokenizer(),),
        scheduler_config={"_class_name": "DDIMScheduler", **_SCHEDULER},
    )


def _unet_config(shape: Shape) -> dict[str, object]:
    if shape == "sd15":
        return {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8}
    return {
        "sample_size": 8,
        "block_out_channels": _BLOCKS,
        "layers_per_block": 1,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "cross_attention_dim": _CROSS,
        "attention_head_dim": 8,
        "norm_num_groups": 8,
    }


def _vae_config(shape: Shape) -> dict[str, object]:
    blocks = (128, 256, 512, 512) if shape == "sd15" else _VAE_BLOCKS
    return {
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "block_out_channels": blocks,
        "layers_per_block": 2 if shape == "sd15" else 1,
        "latent_channels": 4,
        "norm_num_groups": 32 if shape == "sd15" else 8,
        "sample_size": 512 if shape == "sd15" else 64,
    }


def _text_config(shape: Shape, **extra: object) -> CLIPTextConfig:
    if shape == "sd15":
        return CLIPTextConfig(
            hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, **extra
        )
    return CLIPTextConfig(
        vocab_size=54,
        hidden_size=_CROSS,
        intermediate_size=37,
        num_hidden_layers=3,
        num_attention_heads=4,
        bos_token_id=52,
        eos_token_id=53,
        pad_token_id=53,
        **extra,
    )


def _tiny_autoencoder() -> AutoencoderTiny:
    return AutoencoderTiny(
        encoder_block_out_channels=(16, 16, 16, 16),
        decoder_block_out_channels=(16, 16, 16, 16),
        num_encoder_blocks=(1, 1, 1, 1),
        num_decoder_blocks=(1, 1, 1, 1),
        latent_channels=4,
    )


def _vocabulary() -> dict[str, int]:
    letters = string.ascii_lowercase
    return {token: i for i, token in enumerate([*letters, *(f"{c}</w>" for c in letters), _START, _END])}


def _tokenizer() -> CLIPTokenizer:
    return CLIPTokenizer(
        vocab=_vocabulary(),
        merges=[],
        unk_token=_END,
        bos_token=_START,
        eos_token=_END,
        pad_token=_END,
        model_max_length=77,
    )


def _write_tokenizer(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(_vocabulary()))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    settings = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": 77,
        "bos_token": _START,
        "eos_token": _END,
        "unk_token": _END,
        "pad_token": _END,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def _write_scheduler(folder: Path, kind: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scheduler_config.json").write_text(json.dumps({"_class_name": kind, **_SCHEDULER}, indent=2))


def _write_index(
    folder: Path, pipeline: str, unet: UNet2DConditionModel, vae: AutoencoderKL, **text_encoders: object
) -> None:
    index: dict[str, object] = {
        "_class_name": pipeline,
        "unet": ["diffusers", type(unet).__name__],
        "vae": ["diffusers", type(vae).__name__],
    }
    for name, encoder in text_encoders.items():
        index[name] = ["transformers", type(encoder).__name__]
        index[name.replace("text_encoder", "tokenizer")] = ["transformers", "CLIPTokenizer"]
    scheduler = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())["_class_name"]
    index["scheduler"] = ["diffusers", scheduler]
    (folder / "model_index.json").write_text(json.dumps(index, indent=2))


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Weights are drawn from torch's global generator; the caller's stream is put back afterwards."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
