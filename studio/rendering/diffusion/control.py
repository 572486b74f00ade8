"""ControlNet units of one batch: loaded once, their images prepared once, their forwards run only at the steps they
act on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from diffusers import ControlNetModel

from studio.rendering.diffusion.attention import attend_in_blocks
from studio.rendering.diffusion.interface import THRESHOLDS
from studio.rendering.diffusion.precision import halved
from studio.rendering.diffusion.preprocessors import preprocessor
from studio.rendering.errors import PlanError
from studio.rendering.models.checks import check_controlnet
from studio.rendering.models.inspection import variant_of
from studio.rendering.pictures.arrays import Frames
from studio.rendering.pictures.depth import DepthEstimator, ModelDepth
from studio.rendering.plan import ControlNetSpec

if TYPE_CHECKING:
    from diffusers.configuration_utils import FrozenDict

_KEPT = 4
"""ControlNets kept on the device; a unit is about 0.7 GB in half precision."""

Residuals = tuple[tuple[torch.Tensor, ...], torch.Tensor]


@dataclass(frozen=True)
class _Unit:
    model: ControlNetModel
    image: torch.Tensor
    spec: ControlNetSpec

    def acts(self, progress: float, following: float) -> bool:
        """Whether the step that covers ``progress``..``following`` of the trajectory lies within the unit's range."""
        return self.spec.weight != 0.0 and progress >= self.spec.start - 1e-9 and following <= self.spec.end + 1e-9


class ControlNets:
    """The ControlNets of one engine, least recently used dropped first."""

    def __init__(self, unet_config: FrozenDict, device: torch.device, dtype: torch.dtype) -> None:
        self._unet_config = unet_config
        self._device = device
        self._dtype = dtype
        self._models: OrderedDict[str, ControlNetModel] = OrderedDict()
        self._depth: dict[str, DepthEstimator] = {}

    @property
    def nbytes(self) -> int:
        return sum(p.numel() * p.element_size() for model in self._models.values() for p in model.parameters())

    def units(
        self,
        specs: Sequence[ControlNetSpec],
        frames: Sequence[Frames],
        depth_model: str | None = None,
        thresholds: Sequence[tuple[int, int]] = (),
    ) -> ControlUnits:
        """Preprocess each unit's frames (n, h, w, 3) and move them to the device. Raises ModelError, PlanError.

        ``depth_model`` is the folder of the model that ``depth`` units see with, ``thresholds`` are those of ``canny``
        units.
        """
        if len(specs) != len(frames):
            raise PlanError("controlnet", f"{len(specs)} units were given {len(frames)} sets of frames")
        built = []
        for spec, shown, edges in zip(specs, frames, thresholds or [THRESHOLDS] * len(specs), strict=True):
            estimator = self._estimator(depth_model) if spec.kind == "depth" and depth_model else None
            image = preprocessor(spec.kind, estimator, edges)(shown)
            tensor = torch.from_numpy(np.ascontiguousarray(image)).to(self._device).permute(0, 3, 1, 2)
            built.append(_Unit(self._model(spec.location), tensor.to(self._dtype).div_(255.0), spec))
        return ControlUnits(tuple(built))

    def _estimator(self, folder: str) -> DepthEstimator:
        if folder not in self._depth:
            self._depth = {folder: ModelDepth(Path(folder), str(self._device))}
        return self._depth[folder]

    def _model(self, location: str) -> ControlNetModel:
        if location not in self._models:
            check_controlnet(Path(location), self._unet_config)
            folder = Path(location)
            # Not in bfloat16 itself: what scales all the rest would be rounded, too.
            halve = self._dtype == torch.bfloat16
            dtype = torch.float32 if halve else self._dtype
            model = ControlNetModel.from_pretrained(
                folder, torch_dtype=dtype, use_safetensors=True, local_files_only=True, variant=variant_of(folder)
            )
            if halve:
                attend_in_blocks(halved(model))
            memory_format = torch.channels_last if self._device.type == "cuda" else torch.contiguous_format
            self._models[location] = model.eval().requires_grad_(False).to(self._device, memory_format=memory_format)
            while len(self._models) > _KEPT:
                self._models.popitem(last=False)
        self._models.move_to_end(location)
        return self._models[location]


class ControlUnits:
    """The units of one batch."""

    def __init__(self, units: tuple[_Unit, ...] = ()) -> None:
        self._units = units

    def __bool__(self) -> bool:
        return bool(self._units)

    def residuals(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        tokens: torch.Tensor,
        added: dict[str, torch.Tensor] | None,
        step: int,
        steps: int,
    ) -> Residuals | None:
        """What the acting units add to the UNet at ``step`` of ``steps``; None when none acts, and then nothing runs.

        ``sample`` (groups * frames, ...) is group-major, so each group sees the same conditioning images.
        """
        total: Residuals | None = None
        for unit in self._units:
            if not unit.acts(step / steps, (step + 1) / steps):
                continue
            image = unit.image.repeat(sample.shape[0] // unit.image.shape[0], 1, 1, 1)
            down, mid = unit.model(
                sample,
                timestep,
                encoder_hidden_states=tokens,
                controlnet_cond=image,
                conditioning_scale=unit.spec.weight,
                added_cond_kwargs=added,
                return_dict=False,
            )
            total = (
                (tuple(down), mid)
                if total is None
                else (tuple(a + b for a, b in zip(total[0], down, strict=True)), total[1] + mid)
            )
        return total
