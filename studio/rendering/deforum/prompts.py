"""Keyframed prompts: which texts, with which weights and LoRAs, each frame is made from.

``{"0": "a cat --neg blurry", "max_f/2": "a dog `0.5*t` AND :0.5"}``. Spans in backticks are expressions of ``t``,
``max_f`` and ``s``; ``AND`` blends texts, each with an optional ``:weight`` at its end; ``<lora:name:weight>`` sets a
LoRA for the frames of that text and is taken out of it. Emphasis such as ``(cat:1.2)`` is left to the model's prompt
encoder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.rendering.deforum import schedule
from studio.rendering.deforum.expressions import Expression, ExpressionError
from studio.rendering.diffusion.interface import WeightedPrompt
from studio.rendering.errors import PlanError

MAX_LENGTH = 10_000
"""Characters of one prompt; text encoders read about 75 tokens of it at a time."""
MAX_KEYFRAMES = 10_000
NEGATIVE = "--neg"

_BACKTICKS = re.compile(r"`([^`]*)`")
_LORA = re.compile(r"<lora:([^:<>]+)(?::([^:<>]*))?>")
_AND = re.compile(r"\bAND\b")
_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]{1,2})?")
_WEIGHT = re.compile(rf"(.*?)(?: ?: ?({_PLAIN.pattern}))?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class FramePrompt:
    """What one frame is made from. The weights of ``prompts`` add up to 1."""

    prompts: tuple[WeightedPrompt, ...]
    negative: str = ""
    loras: dict[str, float] = field(default_factory=dict)
    """LoRA name to weight, for the LoRAs that this frame's text names."""

    def to_text(self) -> str:
        """A keyframe text that reads back to an equal FramePrompt."""
        single = len(self.prompts) == 1 and self.prompts[0].weight == 1
        text = " AND ".join(p.text if single else f"{p.text} :{p.weight!r}" for p in self.prompts)
        tags = "".join(f" <lora:{name}:{weight!r}>" for name, weight in self.loras.items())
        return f"{text}{tags} {NEGATIVE} {self.negative}".strip()


def frame_prompts(
    keyframes: Mapping[str, Any],
    *,
    positive: str = "",
    negative: str = "",
    frame_count: int,
    seed: int,
    blend: bool = False,
) -> list[FramePrompt]:
    """One FramePrompt a frame.

    Each text holds until the next keyframe, the first one is held back to frame 0; with ``blend`` (interpolation
    mode) the text at frame f between keyframes a and b is a with weight (b-f)/(b-a) and b with (f-a)/(b-a). Raises
    PlanError on ``prompts``.
    """
    positions = _positions(keyframes, frame_count, seed)
    frames = sorted(positions)
    scope = {"t": 0.0, "max_f": float(frame_count - 1), "s": float(seed)}
    result, current = [], 0
    for frame in range(frame_count):
        while current + 1 < len(frames) and frames[current + 1] <= frame:
            current += 1
        scope["t"] = float(frame)
        here = frames[current]
        prompt = _read(positions[here], here, frame, positive, negative, scope)
        if blend and here < frame and current + 1 < len(frames):
            after = frames[current + 1]
            later = _read(positions[after], after, frame, positive, negative, scope)
            prompt = _blended(prompt, later, (frame - here) / (after - here))
        result.append(prompt)
    return result


def _positions(keyframes: Mapping[str, Any], frame_count: int, seed: int) -> dict[int, str]:
    if not isinstance(keyframes, Mapping) or not keyframes:
        raise PlanError("prompts", "prompts: expected an object of frame and text, with at least one keyframe")
    if len(keyframes) > MAX_KEYFRAMES:
        raise PlanError("prompts", f"prompts: more than {MAX_KEYFRAMES} keyframes")
    positions = {}
    for key, text in keyframes.items():
        if not isinstance(text, str):
            raise PlanError("prompts", f"prompts: keyframe {str(key)[:40]}: expected text")
        if len(text) > MAX_LENGTH:
            raise PlanError("prompts", f"prompts: keyframe {str(key)[:40]}: longer than {MAX_LENGTH} characters")
        if _CONTROL.search(text):
            raise PlanError("prompts", f"prompts: keyframe {str(key)[:40]}: control characters are not allowed")
        positions[schedule.position_of("prompts", str(key), frame_count=frame_count, seed=seed)] = text
    return positions


def _read(text: str, keyframe: int, frame: int, positive: str, negative: str, scope: dict[str, float]) -> FramePrompt:
    def fail(reason: object) -> PlanError:
        return PlanError("prompts", f"prompts: keyframe {keyframe}: {reason} at frame {frame}")

    whole = f"{positive} {text} {'' if NEGATIVE in text else NEGATIVE} {negative}"
    try:
        whole = _BACKTICKS.sub(lambda span: _number(Expression(span[1], schedule.VALUE_NAMES)(scope)), whole)
    except ExpressionError as error:
        raise fail(error) from None
    whole = whole.replace("`", "")
    loras: dict[str, float] = {}
    for name, weight in _LORA.findall(whole):
        if not _PLAIN.fullmatch(weight.strip() or "1"):
            raise fail(f"the weight of LoRA {name!r} is not a number")
        loras[name.strip()] = float(weight.strip() or 1)
    wanted, _, unwanted = _LORA.sub("", whole).partition(NEGATIVE)
    parts = [_WEIGHT.fullmatch(_tidy(part)) for part in _AND.split(wanted)]
    weighted = [(part[1], float(part[2] or 1)) for part in parts if part]
    if len(weighted) == 1:
        weighted = [(_tidy(wanted), 1.0)]
    total = sum(weight for _, weight in weighted)
    if total <= 0:
        raise fail("the weights of the AND parts must add up to more than 0")
    if abs(total - 1) < 1e-9:
        total = 1.0
    return FramePrompt(tuple(WeightedPrompt(t, w / total) for t, w in weighted), _tidy(unwanted), loras)


def _blended(a: FramePrompt, b: FramePrompt, share: float) -> FramePrompt:
    prompts = [WeightedPrompt(p.text, p.weight * (1 - share)) for p in a.prompts]
    prompts += [WeightedPrompt(p.text, p.weight * share) for p in b.prompts]
    names = list(dict.fromkeys([*a.loras, *b.loras]))
    loras = {name: a.loras.get(name, 0.0) * (1 - share) + b.loras.get(name, 0.0) * share for name in names}
    return FramePrompt(tuple(prompts), a.negative if share < 0.5 else b.negative, loras)


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _tidy(text: str) -> str:
    return " ".join(text.split())
