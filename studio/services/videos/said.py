"""Where requests say what a picture shall show: texts with the fields that they come from, for the block-list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from effects.models import Effect
from effects.properties import placeholders
from studio.rendering.deforum.deprecations import modernised
from studio.rendering.plan import DeforumParams, RenderPlan
from studio.requests.types import DeforumRequest, Request
from studio.services.blocked_phrases import Said

_NEGATIVE = {"animation_prompts_negative"}
_SETTINGS = ("prompts", "animation_prompts_positive", "animation_prompts_negative")


def said_by(request: Request) -> Iterator[Said]:
    """What a request says in its own words and in Deforum's."""
    yield Said("prompt", request.prompt or "")
    yield Said("negative_prompt", request.negative_prompt or "", negative=True)
    if isinstance(request, DeforumRequest):
        for field, text, negative in said_by_settings(modernised(request.schedules or {})):
            yield Said(f"schedules.{field}", text, negative)


def said_by_settings(settings: Mapping[str, object]) -> Iterator[Said]:
    """What Deforum settings say; each keyframe also with what stands before all of them, as it is rendered."""
    everywhere = settings.get("animation_prompts_positive")
    for name in _SETTINGS:
        for text in _texts(settings.get(name)):
            yield Said(name, text, negative=name in _NEGATIVE)
            if name == "prompts" and isinstance(everywhere, str) and everywhere.strip():
                yield Said(name, f"{everywhere} {text}")


def said_by_plan(plan: RenderPlan, field: str) -> Iterator[Said]:
    """What a render would be made from, wherever it comes from: a preset, or what is extended. ``field`` is named."""
    params = plan.params
    if isinstance(params, DeforumParams):
        for said in said_by_settings(params.settings):
            yield said._replace(field=field)
    else:
        yield Said(field, params.prompt)
        yield Said(field, params.negative_prompt, negative=True)


def said_by_payload(payload: Mapping[str, object], prefix: str = "input_payload") -> Iterator[Said]:
    """What was configured of an effect, or the parameters of a remix."""
    for key, value in payload.items():
        if key == "schedules" and isinstance(value, Mapping):
            yield from (said._replace(field=f"{prefix}.{key}") for said in said_by_settings(modernised(value)))
        else:
            yield from (Said(f"{prefix}.{key}", text, negative=key == "negative_prompt") for text in _texts(value))


def said_by_effect(effect: Effect, request: Request) -> Iterator[Said]:
    """What an effect makes of that, named by the property that fills the place."""
    template = effect.parameters if isinstance(effect.parameters, dict) else {}
    for said in said_by(request):
        keys = [key for key, _ in placeholders(template.get(said.field.partition(".")[0]))]
        yield said._replace(field=f"input_payload.{keys[0]}" if keys else said.field)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
