"""Where apps that show videos plug in, and whoever renders outside; the studio knows none of them."""

from __future__ import annotations

from django.db.models.expressions import Combinable

from config.platform.hooks import hook, hook_of
from studio.models import Video
from studio.render_provider import RenderProvider


@hook
def video_published() -> Combinable:
    """When a video was published, null while it is not: an expression over videos, of the one app that publishes."""
    raise NotImplementedError


@hook
def video_changed(video: Video) -> object:
    """Called with a video whose title has changed."""


@hook
def video_deleted(video: Video) -> object:
    """Called with a video that its owner deletes, in that transaction."""


render_providers = hook_of("render_providers", RenderProvider, "Who renders outside this product, by the jobs' name.")
