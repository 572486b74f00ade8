"""One depth interface (flat, an analytic ramp, a depth model) and how depth becomes distance from the camera."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from studio.rendering.errors import ModelError
from studio.rendering.pictures.arrays import Image

if TYPE_CHECKING:
    from studio.rendering.models.inspection import Config

Plane = NDArray[np.float32]

_BINS = 1024


class DepthEstimator(Protocol):
    """Something that tells near from far."""

    larger_is_nearer: bool
    """True for relative inverse depth (MiDaS, Depth-Anything), False for distances (Zoe, metric models)."""

    def estimate(self, image: Image) -> Plane:
        """Depth (height, width) in any unit of an RGB image (height, width, 3)."""


class FlatDepth:
    """A world without depth: everything at distance 1."""

    larger_is_nearer = True

    def estimate(self, image: Image) -> Plane:
        return np.zeros(image.shape[:2], np.float32)


class ModelDepth:
    """A Depth-Anything or MiDaS (DPT) class model in a local transformers folder. Raises ModelError when it is none."""

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        # Imported here: a 2D render needs neither.
        import torch
        from transformers import AutoModelForDepthEstimation

        try:
            self._model = AutoModelForDepthEstimation.from_pretrained(folder, local_files_only=True).to(device).eval()
        except (OSError, ValueError, KeyError) as error:
            raise ModelError("The depth model can't be loaded.") from error
        self._torch = torch
        self._device = device
        self._preparation = _Preparation.read(folder)
        self.larger_is_nearer = getattr(self._model.config, "depth_estimation_type", "relative") != "metric"

    def estimate(self, image: Image) -> Plane:
        pixels = self._torch.from_numpy(self._preparation(image)).to(self._device)
        with self._torch.inference_mode():
            depth = self._model(pixel_values=pixels).predicted_depth
        height, width = image.shape[:2]
        return cv2.resize(depth[0].float().cpu().numpy(), (width, height), interpolation=cv2.INTER_CUBIC)


class _Preparation:
    """What the folder's ``preprocessor_config.json`` asks for: size, multiple and normalisation of the input."""

    def __init__(self, config: Config) -> None:
        size = config.get("size") or {}
        self._size = int(size.get("height", 384)) if isinstance(size, dict) else int(size)
        self._multiple = int(config.get("ensure_multiple_of") or 1)
        self._keep_aspect = bool(config.get("keep_aspect_ratio", False))
        self._mean = np.array(config.get("image_mean") or (0.485, 0.456, 0.406), np.float32)
        self._std = np.array(config.get("image_std") or (0.229, 0.224, 0.225), np.float32)

    @classmethod
    def read(cls, folder: Path) -> _Preparation:
        path = Path(folder) / "preprocessor_config.json"
        try:
            return cls(json.loads(path.read_text()) if path.exists() else {})
        except (ValueError, TypeError, AttributeError) as error:
            raise ModelError("The depth model's preprocessor_config.json can't be read.") from error

    def __call__(self, image: Image) -> NDArray[np.float32]:
        height, width = image.shape[:2]
        scale_y, scale_x = self._size / height, self._size / width
        if self._keep_aspect:
            scale_y = scale_x = min((scale_y, scale_x), key=lambda scale: abs(1 - scale))
        target = (self._rounded(width * scale_x), self._rounded(height * scale_y))
        resized = cv2.resize(image, target, interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
        return np.ascontiguousarray(((resized - self._mean) / self._std).transpose(2, 0, 1)[None])

    def _rounded(self, length: float) -> int:
        return max(self._multiple, round(length / self._multiple) * self._multiple)


def nearness(estimator: DepthEstimator, image: Image) -> Plane:
    """Equalised depth in 0..1, 1 being nearest; all 0 where there is no usable depth."""
    equalised = _equalised(estimator.estimate(image))
    if equalised is None:
        return np.zeros(image.shape[:2], np.float32)
    return equalised if estimator.larger_is_nearer else 1 - equalised


def distances(estimator: DepthEstimator, image: Image) -> Plane:
    """Distance from the camera (height, width): 1 to 2 where there is depth, 1 everywhere where there is none."""
    equalised = _equalised(estimator.estimate(image))
    if equalised is None:
        return np.ones(image.shape[:2], np.float32)
    return 2 - equalised if estimator.larger_is_nearer else 1 + equalised


def _equalised(depth: Plane) -> Plane | None:
    """Depth spread evenly over 0..1 by its histogram; None for constant or broken depth."""
    low, high = float(depth.min()), float(depth.max())
    if not (np.isfinite(low) and np.isfinite(high)) or high <= low:
        return None
    unit = (depth - low) / (high - low)
    counts, _ = np.histogram(unit, bins=_BINS, range=(0, 1))
    return np.interp(unit, np.linspace(0, 1, _BINS), np.cumsum(counts) / unit.size).astype(np.float32)
