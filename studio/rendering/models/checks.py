"""Whether a model is what its family needs, told from configurations and safetensors headers: cheap, and without
torch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from studio.rendering.diffusion.preprocessors import kinds
from studio.rendering.diffusion.samplers import sampler_names
from studio.rendering.errors import ModelError
from studio.rendering.models.inspection import (
    MOTION_ADAPTER,
    Config,
    Header,
    config_folder,
    read_header,
    read_json,
    weights_of,
)
from studio.rendering.plan import ControlNetSpec, LoraSpec, ModelSpec


@dataclass(frozen=True)
class Layout:
    """``text_parts`` are the text encoders, whose widths add up to the UNet's cross attention."""

    name: str
    text_parts: tuple[str, ...]
    conditioning: str | None
    """The UNet's ``addition_embed_type``, which tells SD 1.5 from SDXL."""
    file_keys: tuple[str, ...]
    """Tensors that a single file in the original layout holds."""
    motion: bool = False


_CROSS_ATTENTION = re.compile(r"attn2[._](?:processor[._])?to_[kv](?:_lora)?\.(?:lora_A|lora_down|down|lora\.down)\b")
_UNET_KEY = "model.diffusion_model.input_blocks.0.0.weight"
_VAE_KEY = "first_stage_model.decoder.conv_in.weight"
_SD15_KEYS = (_UNET_KEY, _VAE_KEY, "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight")
_SDXL_KEYS = (_UNET_KEY, _VAE_KEY, "conditioner.embedders.1.model.token_embedding.weight")

LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout("sd15", ("text_encoder",), None, _SD15_KEYS),
        Layout("sdxl", ("text_encoder", "text_encoder_2"), "text_time", _SDXL_KEYS),
        Layout("animatediff", ("text_encoder",), None, _SD15_KEYS, motion=True),
    )
}


def check_model(spec: ModelSpec) -> None:
    """Raise ModelError, saying what is wrong, unless ``spec`` can be loaded by its family. Reads configurations and
    headers only.
    """
    if spec.family not in LAYOUTS:
        raise ModelError(f"Unknown model family {spec.family!r}; known are {', '.join(LAYOUTS)}.")
    family = LAYOUTS[spec.family]
    if spec.scheduler is not None and spec.scheduler not in sampler_names():
        raise ModelError(f"Unknown scheduler {spec.scheduler!r}; known are {', '.join(sampler_names())}.")
    location = Path(spec.location)
    if location.is_dir():
        _check_folder(location, family, weights=True)
    elif location.is_file():
        _check_file(location, family)
    else:
        raise ModelError("The model is missing.")


def check_adapters(
    model: ModelSpec, controlnets: Iterable[ControlNetSpec] = (), loras: Iterable[LoraSpec] = ()
) -> None:
    """Raise ModelError unless every ControlNet and LoRA can be used with ``model``, which has passed
    :func:`check_model`.
    """
    location = Path(model.location)
    settings = location if location.is_dir() else config_folder(location)
    unet = read_json(settings / "unet" / "config.json", "unet configuration")
    with _asked_by("controlnet"):
        for unit in controlnets:
            if LAYOUTS[model.family].motion:
                raise ModelError(f"{model.family} models take no ControlNet.")
            if unit.kind not in kinds():
                raise ModelError(f"Unknown ControlNet kind {unit.kind!r}; known are {', '.join(kinds())}.")
            check_controlnet(Path(unit.location), unet)
    with _asked_by("prompt"):
        for lora in loras:
            check_lora(Path(lora.location), unet)


@contextmanager
def _asked_by(field: str) -> Iterator[None]:
    try:
        yield
    except ModelError as error:
        error.field = field
        raise


def check_lora(path: Path, unet: Config) -> None:
    """Raise ModelError unless ``path`` is a LoRA made for a UNet of this configuration (a mapping)."""
    header = read_header(path)
    if not any("lora" in name for name in header):
        raise ModelError(f"{path.name} is not a LoRA.")
    width = unet.get("cross_attention_dim")
    for name, shape in header.items():
        # What cross attention reads is as wide as the text encoders together, which tells the families apart.
        if _CROSS_ATTENTION.search(name) and len(shape) >= 2 and isinstance(width, int) and shape[1] != width:
            raise ModelError(f"The LoRA {path.stem} was made for another kind of model.")


def check_depth_model(folder: Path) -> None:
    """Raise ModelError unless ``folder`` is a depth model in transformers' layout."""
    if not folder.is_dir():
        raise ModelError("The depth model is missing.")
    config = read_json(folder / "config.json", "depth configuration")
    if not any("DepthEstimation" in str(name) for name in config.get("architectures") or ()):
        raise ModelError("The depth model's folder holds something else.")
    weights_of(folder, "depth model")


def scheduler_config(spec: ModelSpec) -> Config:
    """A checked model's ``scheduler_config.json``."""
    location = Path(spec.location)
    folder = location if location.is_dir() else config_folder(location)
    return read_json(folder / "scheduler" / "scheduler_config.json", "scheduler")


def check_controlnet(folder: Path, unet: Config) -> None:
    """Raise ModelError unless ``folder`` is a ControlNet made for a UNet of this configuration (a mapping)."""
    if not folder.is_dir():
        raise ModelError("The ControlNet is missing.")
    config = read_json(folder / "config.json", "ControlNet configuration")
    if config.get("_class_name") != "ControlNetModel":
        raise ModelError("The ControlNet folder holds something else.")
    for key in ("cross_attention_dim", "block_out_channels", "addition_embed_type"):
        if _plain(config.get(key)) != _plain(unet.get(key)):
            raise ModelError("The ControlNet was made for another kind of model.")
    if "conv_in.weight" not in weights_of(folder, "ControlNet"):
        raise ModelError("The ControlNet's weights are not a ControlNet's.")


def _check_file(file: Path, family: Layout) -> None:
    if file.suffix != ".safetensors":
        raise ModelError("A model file must be .safetensors; pickled formats (.ckpt, .bin, .pt) are refused.")
    header = read_header(file)
    missing = [key for key in family.file_keys if key not in header]
    if missing:
        raise ModelError(f"{file.name} is not a complete {family.name} model (no {missing[0]}).")
    settings = config_folder(file)
    if not settings.is_dir():
        raise ModelError(f"{file.name} needs its configurations and tokenizer in a folder {settings.name} beside it.")
    _check_folder(settings, family, weights=False)


def _check_folder(folder: Path, family: Layout, *, weights: bool) -> None:
    index = read_json(folder / "model_index.json", "model index")
    wanted = [
        "unet",
        "vae",
        "scheduler",
        *family.text_parts,
        *(part.replace("text_encoder", "tokenizer") for part in family.text_parts),
    ]
    for part in wanted:
        if part not in index or not (folder / part).is_dir():
            raise ModelError(f"A {family.name} model needs a {part} folder.")
    unet = _check_unet(folder / "unet", family)
    vae = read_json(folder / "vae" / "config.json", "vae configuration")
    if vae.get("latent_channels") != unet["in_channels"]:
        raise ModelError("The model's vae and unet don't fit together.")
    _check_text(folder, family, unet)
    read_json(folder / "scheduler" / "scheduler_config.json", "scheduler")
    if family.motion:
        _check_motion(folder / MOTION_ADAPTER, unet)
    if weights:
        _check_weights(folder, family, unet)


def _check_unet(folder: Path, family: Layout) -> Config:
    unet = read_json(folder / "config.json", "unet configuration")
    if unet.get("_class_name") != "UNet2DConditionModel":
        raise ModelError(f"The model's unet is not a {family.name} unet.")
    if unet.get("in_channels", 4) != unet.get("out_channels", 4):
        raise ModelError("Inpainting and depth models, whose unet takes further channels, can't be used.")
    # "text" pools the very tokens that every UNet is given: nothing more to pass, so no family of its own.
    conditioning = unet.get("addition_embed_type")
    if (None if conditioning == "text" else conditioning) != family.conditioning:
        raise ModelError(f"The model is not of the {family.name} family.")
    return {"in_channels": 4, **unet}


def _check_text(folder: Path, family: Layout, unet: Config) -> None:
    widths = [
        read_json(folder / part / "config.json", f"{part} configuration").get("hidden_size", 0)
        for part in family.text_parts
    ]
    if sum(widths) != unet.get("cross_attention_dim"):
        raise ModelError("The model's text encoder and unet don't fit together.")
    for part in family.text_parts:
        tokenizer = folder / part.replace("text_encoder", "tokenizer")
        if not (tokenizer / "tokenizer.json").is_file() and not (tokenizer / "vocab.json").is_file():
            raise ModelError(f"The model's {tokenizer.name} has no vocabulary.")


def _check_motion(folder: Path, unet: Config) -> None:
    if not folder.is_dir():
        raise ModelError(f"An animatediff model needs a {MOTION_ADAPTER} folder.")
    adapter = read_json(folder / "config.json", "motion adapter configuration")
    if adapter.get("_class_name") != "MotionAdapter" or list(adapter.get("block_out_channels", ())) != list(
        unet["block_out_channels"]
    ):
        raise ModelError("The model's motion adapter does not fit its unet.")
    weights_of(folder, "motion adapter")


def _check_weights(folder: Path, family: Layout, unet: Config) -> None:
    header = weights_of(folder / "unet", "unet")
    _check_shape(header, "conv_in.weight", (unet["block_out_channels"][0], unet["in_channels"]), "unet")
    _check_shape(weights_of(folder / "vae", "vae"), "decoder.conv_in.weight", (), "vae")
    for part in family.text_parts:
        weights_of(folder / part, part)


def _check_shape(header: Header, tensor: str, start: tuple[int, ...], component: str) -> None:
    if header.get(tensor, ())[: len(start)] != start or tensor not in header:
        raise ModelError(f"The model's {component} weights are not what its configuration says.")


def _plain(value: object) -> object:
    return list(value) if isinstance(value, (list, tuple)) else value
