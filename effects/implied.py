"""What an effect means without saying it: a prompt, and properties that name a generation parameter themselves.

Staff who know the document's fields alone write a name and a description; that is what the picture shall look like.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from effects.hooks import vocabulary
from effects.properties import Property, placeholders

# How far from the source the weakest and the strongest use of an effect go, unless its template says otherwise.
_DENOISING = [0.2, 0.5]
_STRENGTHS = ("intensity", "strength")


def complete_template(template: Mapping[str, object], properties: Iterable[Property]) -> dict[str, object]:
    """The template with the parameters that properties without a place in it stand for."""
    implied: dict[str, object] = {}
    for item in _unplaced(template, properties):
        if item.type == "number" and item.key in _STRENGTHS:
            implied["denoising"] = {"property": item.key, "to": _DENOISING}
        elif (parameter := vocabulary().parameter_of(item.key)) and item.type in ("number", "text"):
            implied[parameter] = f"{{{{{item.key}}}}}"
    return {**implied, **template}


def implied_prompt(
    name: str,
    description: str,
    template: Mapping[str, object],
    properties: Iterable[Property],
    values: Mapping[str, object],
) -> str:
    """The effect's name, then the user's words, then the description: what comes first counts most."""
    said = [
        str(values[p.key])
        for p in _unplaced(template, properties)
        if p.type == "text" and p.key in values and vocabulary().parameter_of(p.key) is None
    ]
    parts = (" ".join(part.split()) for part in (name, *said, description))
    text = ", ".join(part for part in parts if part)
    return "".join(character for character in text if character.isprintable())[: vocabulary().max_prompt]


def has_prompt(parameters: Mapping[str, object]) -> bool:
    """Whether filled parameters say what to paint, by a prompt or by keyframed ones."""
    schedules = parameters.get("schedules")
    return bool(parameters.get("prompt") or (isinstance(schedules, Mapping) and schedules.get("prompts")))


def _unplaced(template: Mapping[str, object], properties: Iterable[Property]) -> list[Property]:
    placed = {key for part in template.values() for key, _ in placeholders(part)}
    return [item for item in properties if item.key not in placed]
