"""LoRAs, put on for one job and taken off without a trace."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from diffusers.loaders import StableDiffusionLoraLoaderMixin
from safetensors.torch import load_file

from studio.rendering.errors import ModelError
from studio.rendering.models.inspection import read_header
from studio.rendering.models.loading import Components
from studio.rendering.plan import LoraSpec


class LoraSwitch:
    """The LoRAs that are on now.

    Weights are never fused into the base layers: peft wraps a layer and unloading unwraps it, so the base model's
    arithmetic after a job is the one before it, bit for bit.
    """

    def __init__(self, parts: Components) -> None:
        self._unet = parts.unet
        self._encoder = parts.text_encoders[0]
        self._loaded: dict[str, str] = {}
        self._text_loaded: set[str] = set()
        self._weights: tuple[float, ...] = ()

    def apply(self, loras: Sequence[LoraSpec]) -> tuple[str, ...]:
        """Make exactly ``loras`` active, loading and unloading as needed; a key that names them and their weights.
        Raises ModelError.
        """
        wanted = [lora for lora in loras if lora.weight != 0.0]
        locations = [lora.location for lora in wanted]
        weights = tuple(lora.weight for lora in wanted)
        if locations != list(self._loaded):
            self._unload()
            try:
                for location in locations:
                    self._load(Path(location))
            except ModelError:
                self._unload()
                raise
        elif weights == self._weights:
            return self._key()
        if wanted:
            self._unet.set_adapters(list(self._loaded.values()), list(weights))
            self._weigh_text(dict(zip(self._loaded.values(), weights, strict=True)))
        self._weights = weights
        return self._key()

    def _key(self) -> tuple[str, ...]:
        return tuple(f"{location}={weight}" for location, weight in zip(self._loaded, self._weights, strict=True))

    def _load(self, path: Path) -> None:
        read_header(path)
        name = "lora_" + hashlib.sha256(str(path).encode()).hexdigest()[:12]
        mixin = StableDiffusionLoraLoaderMixin
        try:
            state, alphas = mixin.lora_state_dict(load_file(path), unet_config=self._unet.config)
            mixin.load_lora_into_unet(state, network_alphas=alphas, unet=self._unet, adapter_name=name)
            if any(key.startswith("text_encoder.") for key in state):
                mixin.load_lora_into_text_encoder(
                    state, network_alphas=alphas, text_encoder=self._encoder, prefix="text_encoder", adapter_name=name
                )
                self._text_loaded.add(name)
        except (ValueError, KeyError, RuntimeError, TypeError) as error:
            raise ModelError(f"The LoRA {path.name} does not fit this model.") from error
        if name not in getattr(self._unet, "peft_config", {}) and name not in self._text_loaded:
            raise ModelError(f"The LoRA {path.name} does not fit this model.")
        self._loaded[str(path)] = name

    def _weigh_text(self, weights: dict[str, float]) -> None:
        names = [name for name in weights if name in self._text_loaded]
        if not names:
            return
        for module in self._encoder.modules():
            for name in names:
                if name in getattr(module, "scaling", {}):
                    module.set_scale(name, weights[name])
        self._encoder.set_adapter(names)

    def _unload(self) -> None:
        if getattr(self._unet, "peft_config", None):
            self._unet.unload_lora()
        if self._text_loaded:
            from diffusers.utils.peft_utils import recurse_remove_peft_layers

            recurse_remove_peft_layers(self._encoder)
            del self._encoder.peft_config
            self._encoder._hf_peft_config_loaded = False
        self._loaded.clear()
        self._text_loaded.clear()
        self._weights = ()
