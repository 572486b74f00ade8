"""Which engine renders which family of models."""

from __future__ import annotations

from studio.rendering.diffusion.animatediff import AnimateDiffEngine
from studio.rendering.diffusion.engine import DiffusionEngine
from studio.rendering.diffusion.sdxl import SdxlEngine
from studio.rendering.models.checks import check_model

FAMILIES: dict[str, type[DiffusionEngine]] = {
    "sd15": DiffusionEngine,
    "sdxl": SdxlEngine,
    "animatediff": AnimateDiffEngine,
}
"""By ``ModelSpec.family``; what a model of each must look like is in ``checks.LAYOUTS``."""

__all__ = ["FAMILIES", "check_model"]
