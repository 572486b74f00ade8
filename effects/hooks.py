"""Where whoever renders effects plugs in; the catalogue knows nobody who does."""

from __future__ import annotations

from collections.abc import Mapping

from config.platform.hooks import Hook, hook
from effects.generation import Vocabulary


def _fits(what: object) -> str | None:
    return None if isinstance(what, Vocabulary) else f"{what!r} is no vocabulary."


renderers: Hook[Vocabulary] = Hook("renderers", _fits, "What renders effects: one.")


@hook
def render_models() -> Mapping[int, str]:
    """The models that an effect can be made for: their names, by the number that the effect keeps."""
    raise NotImplementedError


def vocabulary() -> Vocabulary:
    """What the renderer was plugged in with."""
    (plugged,) = renderers.values()
    return plugged
