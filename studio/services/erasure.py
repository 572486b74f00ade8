"""What goes when a user does."""

from __future__ import annotations

from accounts.models import User
from studio.models import Video
from studio.services.videos import delete_video


def erase_work(user: User) -> None:
    """End the user's renders and take the videos out of the library and the gallery."""
    for video in Video.objects.filter(owner=user, deleted_at=None).order_by("pk"):
        delete_video(video)
