"""What happens to the previous frame before it is diffused again, and to the result afterwards."""

from __future__ import annotations

from studio.rendering.deforum import colour, noise, warps
from studio.rendering.deforum.cadence import Layer
from studio.rendering.deforum.files import Pictures, VideoFrames
from studio.rendering.deforum.guided import blend_share
from studio.rendering.deforum.hybrid import composite
from studio.rendering.deforum.masks import Masks
from studio.rendering.deforum.motion import Motion
from studio.rendering.deforum.parameters import FrameParameters
from studio.rendering.deforum.settings import DeforumSettings
from studio.rendering.pictures.arrays import Image
from studio.rendering.pictures.depth import DepthEstimator


class Preparation:
    """The image operations of one animation, in upstream's order. ``colour_sample`` is its state."""

    def __init__(
        self,
        settings: DeforumSettings,
        motion: Motion,
        masks: Masks,
        pictures: Pictures,
        source: VideoFrames | None,
        depth: DepthEstimator | None,
        colour_sample: Image | None,
    ) -> None:
        self._settings = settings
        self._motion = motion
        self._masks = masks
        self._pictures = pictures
        self._source = source
        self._depth = depth
        self.colour_sample = colour_sample
        self._palette: tuple[Image, colour.Palette] | None = None

    def first_init(self, row: FrameParameters) -> Image | None:
        """What the first frame is made from; None for text alone."""
        settings = self._settings
        if settings.starts_from_source and self._source is not None:
            return self._source[row.frame]
        if settings.use_init:
            return self._pictures.rgb(settings.init_image)
        return self._pictures.rgb(row.guide.name) if row.guide else None

    def init(self, before: Layer, moved: Layer, row: FrameParameters, seed: int) -> Image:
        """The image that frame ``row`` is diffused from: the previous one moved, composited, matched and roughened.

        ``before`` stands at the frame before and ``moved`` at this one.
        """
        settings, sampler = self._settings, self._motion.sampler
        if settings.hybrid_composite == "Before Motion":
            image = self._composite(self._motion.camera(before, row).rendered(sampler), row)
            if settings.hybrid_motion != "None":
                image = warps.apply(image, self._motion.hybrid(before, row), sampler)
        else:
            image = moved.rendered(sampler)
            if settings.hybrid_composite == "Normal":
                image = self._composite(image, row)
        image = self.matched(image, row)
        if settings.color_force_grayscale:
            image = colour.greyscale(image)
        image = colour.adjust_contrast(image, row["contrast_schedule"])
        image = colour.unsharp_mask(
            image,
            amount=row["amount_schedule"],
            kernel=int(row["kernel_schedule"]),
            sigma=row["sigma_schedule"],
            threshold=row["threshold_schedule"],
        )
        image = self._roughened(image, row, seed)
        if row.guide:
            image = colour.blend(image, self._pictures.rgb(row.guide.name), blend_share(row))
        return image

    def finished(self, image: Image, row: FrameParameters, init: Image | None) -> Image:
        """The diffused image after compositing, colour matching and the mask's overlay."""
        settings = self._settings
        if settings.hybrid_composite == "After Generation" and settings.is_hybrid:
            image = self._composite(image, row)
        matches = settings.color_coherence != "None"
        if matches and not settings.legacy_colormatch and self.colour_sample is not None:
            image = self.matched(image, row)
        if matches and self._starts_sample(row, init):
            self.colour_sample = image
        if settings.color_force_grayscale:
            image = colour.greyscale(image)
        return self.overlaid(image, row, init)

    def overlaid(self, image: Image, row: FrameParameters, init: Image | None) -> Image:
        """``image`` with the untouched original outside the mask."""
        settings = self._settings
        mask = self._masks.diffusion(row)
        if mask is None or not settings.overlay_mask or init is None:
            return image
        original = init
        if self._source is not None and (settings.is_hybrid or settings.animation_mode == "Video Input"):
            original = self._source[row.frame]
        elif settings.use_init:
            original = self._pictures.rgb(settings.init_image)
        return self._masks.overlay(image, original, mask)

    def matched(self, image: Image, row: FrameParameters) -> Image:
        """``image`` in the colours of the sample; without a sample it becomes the sample."""
        settings = self._settings
        mode = settings.color_coherence
        if mode == "None":
            return image
        if mode == "Image" and self.colour_sample is None:
            self.colour_sample = self._pictures.rgb(settings.color_coherence_image_path)
        if mode == "Video Input" and self._source is not None:
            due = row.frame % settings.color_coherence_video_every_N_frames == 0
            if due or self.colour_sample is None:
                self.colour_sample = self._source[row.frame]
        if self.colour_sample is None:
            self.colour_sample = image
        if self._palette is None or self._palette[0] is not self.colour_sample:
            space = mode if mode in ("RGB", "HSV", "LAB") else "LAB"
            self._palette = self.colour_sample, colour.Palette(self.colour_sample, space)
        return self._palette[1].match(image)

    def _composite(self, image: Image, row: FrameParameters) -> Image:
        assert self._source is not None
        return composite(self._settings, row, image, self._source[row.frame], self._depth)

    def _starts_sample(self, row: FrameParameters, init: Image | None) -> bool:
        settings = self._settings
        if settings.color_coherence in ("Image", "Video Input"):
            return False
        generated_from_text = self.colour_sample is None and init is None
        return generated_from_text or (settings.legacy_colormatch and row["strength_schedule"] == 0)

    def _roughened(self, image: Image, row: FrameParameters, seed: int) -> Image:
        settings = self._settings
        amount = row["noise_schedule"]
        if amount == 0:
            return image
        height, width = image.shape[:2]
        grain = noise.gaussian_noise(height, width, seed)
        if settings.noise_type == "perlin":
            grain *= noise.perlin_modulation(
                height,
                width,
                seed,
                cells=(settings.perlin_w, settings.perlin_h),
                octaves=settings.perlin_octaves,
                persistence=settings.perlin_persistence,
            )[..., None]
        return noise.add_noise(image, grain, amount, self._masks.noise(row))
