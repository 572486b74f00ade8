"""The renderer, loaded by a worker's first render: an idle worker does without most of its libraries' memory."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.conf import settings

from studio.rendering.plan import RenderPlan
from studio.rendering.ports import RenderInputs, RenderPort, RenderResult


@functools.cache
def renderer() -> Callable[[RenderPlan, RenderInputs, RenderPort], RenderResult]:
    """``studio.rendering.render.render``, with the settings' device and memory.

    Raises OSError when it can't be loaded: that is the machine's fault, and no render's.
    """
    try:
        from studio.rendering.models.quiet import log_as_the_others_do

        # Before the rest: some of these libraries complain while they are imported.
        log_as_the_others_do()

        from studio.rendering.models import cache
        from studio.rendering.render import render
    except ImportError as error:
        raise OSError("The renderer can't be loaded") from error
    # One of those that the settings allow.
    precision: Any = settings.RENDER_PRECISION
    cache.configure(device=settings.RENDER_DEVICE, capacity=settings.MODEL_CACHE_BYTES, precision=precision)
    return render
