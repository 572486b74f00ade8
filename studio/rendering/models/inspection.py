"""What a model folder or file is, read from its configurations and safetensors headers alone: cheap enough for a
request.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from studio.rendering.errors import ModelError

_MAX_HEADER_BYTES = 100 * 1024 * 1024
"""The format's own limit, so that a corrupt length never becomes an allocation."""
MOTION_ADAPTER = "motion_adapter"
"""Sub-folder of an animatediff model."""
_PICKLES = ("*.bin", "*.ckpt", "*.pt", "*.pth")

Config: TypeAlias = Mapping[str, Any]
"""A configuration: what its members hold is up to the library that wrote it."""

Header = dict[str, tuple[int, ...]]
"""Tensor name to shape."""


def config_folder(file: Path) -> Path:
    """Where a single file's configurations and tokenizer are: ``model.safetensors`` has them in ``model.config/``."""
    return file.with_suffix(".config")


def read_json(path: Path, what: str) -> Config:
    """A configuration file, or ModelError naming ``what``."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"The model has no {what}.") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"The model's {what} can't be read.") from error
    if not isinstance(data, dict):
        raise ModelError(f"The model's {what} can't be read.")
    return data


def read_header(path: Path) -> Header:
    """The tensors of a ``.safetensors`` file. Raises ModelError when it is not one or is cut short."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            prefix = file.read(8)
            length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
            if not 2 <= length <= min(_MAX_HEADER_BYTES, size - 8):
                raise ModelError(f"{path.name} is not a safetensors file or is cut short.")
            entries = json.loads(file.read(length))
        entries.pop("__metadata__", None)
        shapes = {name: tuple(entry["shape"]) for name, entry in entries.items()}
        end = max((entry["data_offsets"][1] for entry in entries.values()), default=0)
    except FileNotFoundError as error:
        raise ModelError(f"{path.name} is missing.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path.name} is not a safetensors file.") from error
    if end != size - 8 - length:
        raise ModelError(f"{path.name} is cut short: download it again.")
    return shapes


def weights_of(folder: Path, component: str) -> Header:
    """The tensors of one component's folder, all of its files checked. Raises ModelError; pickled weights are
    refused.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        if any(next(folder.glob(pattern), None) for pattern in _PICKLES):
            raise ModelError(
                f"The model's {component} holds pickled weights, which are refused: convert them to safetensors."
            )
        raise ModelError(f"The model's {component} has no weights (*.safetensors).")
    header: Header = {}
    for index in folder.glob("*.safetensors.index.json"):
        for shard in set(read_json(index, f"{component} index").get("weight_map", {}).values()):
            if folder / shard not in files:
                raise ModelError(f"The model's {component} misses {shard}.")
    for file in files:
        header |= read_header(file)
    return header


def variant_of(folder: Path) -> str | None:
    """``fp16`` when a component comes in half precision only."""
    names = [file.name for file in folder.glob("*.safetensors")]
    return "fp16" if names and all(".fp16" in name for name in names) else None
