"""Where apps that show videos plug in; the studio knows none of them."""

from __future__ import annotations

from config.platform.hooks import hook
from studio.models import Video


@hook
def video_changed(video: Video) -> object:
    """Called with a video whose title has changed."""


@hook
def video_deleted(video: Video) -> object:
    """Called with a video that its owner deletes, in that transaction."""
