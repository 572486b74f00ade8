"""Who renders outside this product."""

from __future__ import annotations

from abc import ABC, abstractmethod

from studio.models import RenderJob


class RenderProvider(ABC):
    """Hears of the jobs that name it; the finished files come back by ``studio.providers.external.outputs``."""

    @abstractmethod
    def is_set_up(self) -> bool:
        """Whether this installation has one."""

    @abstractmethod
    def hand_over(self, job: RenderJob) -> None:
        """Tell it that the job waits. Raises OSError when it can't be reached."""

    @abstractmethod
    def take_back(self, job: RenderJob) -> None:
        """Leave nothing of the job there; harmless when nothing is. Raises OSError."""
