"""Masks of one animation: where diffusion and noise may act (1) and where the picture stays (0)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from studio.rendering.deforum.files import Pictures, VideoFrames
from studio.rendering.deforum.mask_language import parse_mask
from studio.rendering.deforum.parameters import FrameParameters
from studio.rendering.deforum.settings import DeforumSettings
from studio.rendering.pictures.arrays import Image

Mask = NDArray[np.float32]


class Masks:
    """The masks that the settings ask for, frame by frame: shape ``canvas``, (height, width), values 0..1."""

    def __init__(
        self, settings: DeforumSettings, pictures: Pictures, video: VideoFrames | None, canvas: tuple[int, int]
    ) -> None:
        self._settings = settings
        self._pictures = pictures
        self._video = video if settings.use_mask_video else None
        self._everywhere = np.ones(canvas, np.float32)

    def diffusion(self, row: FrameParameters) -> Mask | None:
        """Where frame ``row`` is diffused; None everywhere."""
        if not (self._settings.use_mask or self._settings.use_mask_video):
            return None
        return self._composed(row.names["mask_schedule"], row.frame)

    def noise(self, row: FrameParameters) -> Mask | None:
        """Where noise is mixed into frame ``row``; None everywhere."""
        return self._composed(row.names["noise_mask_schedule"], row.frame) if self._settings.use_noise_mask else None

    def overlay(self, image: Image, original: Image, mask: Mask) -> Image:
        """``image`` inside the mask and ``original`` outside, with the settings' soft edge."""
        radius = self._settings.mask_overlay_blur
        soft = cv2.GaussianBlur(mask, (0, 0), radius) if radius else mask
        weight = soft[..., None]
        return np.rint(original * (1 - weight) + image * weight).clip(0, 255).astype(np.uint8)

    def _composed(self, text: str, frame: int) -> Mask:
        expression = parse_mask(text)
        variables = {"everywhere": self._everywhere}
        if "video_mask" in expression.variables:
            variables["video_mask"] = self._given(frame)
        return np.clip(expression(variables, self._pictures.grey), 0, 1).astype(np.float32)

    def _given(self, frame: int) -> Mask:
        """The mask video's frame, the mask image or the init image's alpha, adjusted as the settings say."""
        settings = self._settings
        if self._video is not None:
            mask = cv2.cvtColor(self._video[frame], cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
        elif settings.use_alpha_as_mask:
            mask = self._pictures.alpha(settings.init_image)
        else:
            mask = self._pictures.grey(settings.mask_file)
        mask = np.clip(mask * settings.mask_brightness_adjust, 0, 1)
        mean = float(mask.mean())
        mask = np.clip((mask - mean) * settings.mask_contrast_adjust + mean, 0, 1)
        return 1 - mask if settings.invert_mask else mask
