"""What the lists of videos and jobs can be filtered, searched and ordered by, in document B's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import Q

from config.api.filters import Choice, DateTime, Field, Int, ListSpec, Str
from studio import providers
from studio.models import RenderJob, Video
from studio.rows.ai_jobs import JOB_WORDS
from studio.rows.videos import VIDEO_WORDS


@dataclass(frozen=True)
class StateWord(Field):
    """A state by its public word, which may stand for several of ours."""

    words: Mapping[str, str] | None = None
    """Our state -> the word for it."""
    path: str = ""

    def __init__(self, words: Mapping[str, str], path: str = "") -> None:
        object.__setattr__(self, "words", words)
        object.__setattr__(self, "path", path)

    def parse(self, text: str) -> list[str]:
        """Our states that the word stands for."""
        words = self.words or {}
        states = [state for state, word in words.items() if word == text]
        if not states:
            raise ValueError(f"Must be one of {', '.join(dict.fromkeys(words.values()))}.")
        return states

    def condition(self, operator: str, path: str, values: Sequence[Any]) -> Q:
        if operator in ("=", "in"):
            return Q(**{f"{path}__in": [state for states in values for state in states]})
        return super().condition(operator, path, values)


class VideoList(ListSpec):
    filters: ClassVar = {
        "id": Int(),
        "title": Str(),
        "status": StateWord(VIDEO_WORDS),
        "type": Choice(Video.Type),
        "effect_id": Int(),
        "effect": Str("effect__slug"),
        "published_at": DateTime(),
        "created_at": DateTime(),
        "updated_at": DateTime(),
    }
    search = ("title", "effect__name")
    order = ("id", "title", "status", "created_at", "updated_at")
    default_order = "created_at:desc"
    feed = ("id", "created_at", "updated_at")
    count_ttl = 60
    exact_below = 1000


class JobList(ListSpec):
    filters: ClassVar = {
        "id": Int(),
        "status": StateWord(JOB_WORDS),
        "purpose": Choice(RenderJob.Purpose),
        "provider": Choice(providers.known),
        "effect_id": Int(),
        "video_id": Int(),
        "priority": Int(),
        "created_at": DateTime("queued_at"),
    }
    search = ("video__title", "effect__name")
    order: ClassVar = {"id": "id", "status": "status", "priority": "priority", "created_at": "queued_at"}
    default_order = "created_at:desc"
    feed = ("id", "created_at")
    count_ttl = 60
    exact_below = 1000
