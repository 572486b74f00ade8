"""Writes a tiny SD 1.5 as one file with the names of the original release, the inverse of what single-file loading
does.
"""

import re
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

_UNET_TOP = {
    "time_embedding.linear_1.": "time_embed.0.",
    "time_embedding.linear_2.": "time_embed.2.",
    "conv_in.": "input_blocks.0.0.",
    "conv_norm_out.": "out.0.",
    "conv_out.": "out.2.",
}
_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
_VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def write_single_file(folder: Path, file: Path) -> Path:
    """One file from a folder of ``tiny.build_sd15`` (one layer per block), its configurations copied to
    ``<stem>.config``.
    """
    tensors: dict[str, torch.Tensor] = {}
    unet = load_file(folder / "unet" / "diffusion_pytorch_model.safetensors")
    vae = load_file(folder / "vae" / "diffusion_pytorch_model.safetensors")
    text = load_file(folder / "text_encoder" / "model.safetensors")
    tensors |= {"model.diffusion_model." + _unet_name(name): value for name, value in unet.items()}
    tensors |= {"first_stage_model." + _vae_name(name): value for name, value in vae.items()}
    tensors |= {
        f"cond_stage_model.transformer.text_model.{name.removeprefix('text_model.')}": value
        for name, value in text.items()
    }
    save_file(tensors, file)
    shutil.copytree(folder, file.with_suffix(".config"), ignore=shutil.ignore_patterns("*.safetensors", "vae_tiny"))
    return file


def _unet_name(name: str) -> str:
    for ours, theirs in _UNET_TOP.items():
        if name.startswith(ours):
            return name.replace(ours, theirs, 1)
    place, kind, layer, rest = re.fullmatch(
        r"(mid_block|(?:down|up)_blocks\.\d)\.(resnets|attentions|downsamplers|upsamplers)\.(\d)\.(.*)", name
    ).groups()
    block, layer = int(place[-1]) if place[-1].isdigit() else 0, int(layer)
    if kind == "resnets":
        part, _, tail = rest.partition(".")
        rest = f"{_RESNET[part]}.{tail}"
    if place == "mid_block":
        return f"middle_block.{1 if kind == 'attentions' else 2 * layer}.{rest}"
    if kind == "downsamplers":
        return f"input_blocks.{2 * block + 2}.0.op.{rest.removeprefix('conv.')}"
    if kind == "upsamplers":
        return f"output_blocks.{2 * block + 1}.1.{rest}"
    side, index = ("input", 2 * block + layer + 1) if place.startswith("down") else ("output", 2 * block + layer)
    return f"{side}_blocks.{index}.{0 if kind == 'resnets' else 1}.{rest}"


def _vae_name(name: str) -> str:
    name = re.sub(r"down_blocks\.(\d)\.resnets", r"down.\1.block", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d)\.resnets", lambda m: f"up.{3 - int(m[1])}.block", name)
    name = re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{3 - int(m[1])}.upsample", name)
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    if "mid_block.attentions.0" in name:
        name = name.replace("mid_block.attentions.0", "mid.attn_1")
        for ours, theirs in _VAE_ATTENTION.items():
            name = name.replace(f".{ours}.", f".{theirs}.")
    return name.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
