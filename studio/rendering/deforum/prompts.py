"""Keyframed prompts: which texts, with which weights and LoRAs, each frame is made from.

``{"0": "a cat --neg blurry", "max_f/2": "a dog `0.5*t` AND :0.5"}``. Spans in backticks are expressions of ``t``,
``max_f`` and ``s``; ``AND`` blends texts, each with an optional ``:weight`` at its end; ``<lora:name:weight>`` sets a
LoRA for the frames of that text and is taken out of it. Emphasis such as ``(cat:1.2)`` is left to the model's prompt
encoder (:mod:`studio.rendering.diffusion.emphasis`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from studio.rendering.deforum import schedule
from studio.rendering.deforum.expressions import Expression, ExpressionError
from studio.rendering.deforum.schedule import Budget
from studio.rendering.diffusion.emphasis import PromptSyntaxError, check_prompt
from studio.rendering.diffusion.interface import WeightedPrompt
from studio.rendering.errors import PlanError
from studio.rendering.plan import CONTROL_CHARACTERS

MAX_LENGTH = 10_000
"""Characters of one prompt with its negative; text encoders read it in chunks of 75 tokens."""
MAX_KEYFRAMES = 10_000
MAX_PARTS = 16
"""Texts that one frame is blended from: each is a forward of the model at every step."""
NEGATIVE = "--neg"

_BACKTICKS = re.compile(r"`([^`]*)`")
_LORA = re.compile(r"<lora:([^:<>]+)(?::([^:<>]*))?>")
_AND = re.compile(r"\bAND\b")
_PLAIN = re.compile(r"[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:e[+-]?[0-9]{1,2})?")
_WEIGHT = re.compile(rf"(.*?)(?: ?: ?({_PLAIN.pattern}))?")


@dataclass(frozen=True)
class FramePrompt:
    """What one frame is made from. The weights of ``prompts`` add up to 1, or to no more than 0 as they stand in the
    text.
    """

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
    keyframes: Mapping[str, object],
    *,
    positive: str = "",
    negative: str = "",
    frame_count: int,
    seed: int,
    blend: bool = False,
    budget: Budget | None = None,
) -> list[FramePrompt]:
    """One FramePrompt a frame.

    Each text holds until the next keyframe, the first one is held back to frame 0; with ``blend`` (interpolation
    mode) the text at frame f between keyframes a and b is a with weight (b-f)/(b-a) and b with (f-a)/(b-a). Raises
    PlanError on ``prompts``.
    """
    positions = _positions(keyframes, frame_count, seed, budget)
    frames = sorted(positions)
    scope = {"t": 0.0, "max_f": float(frame_count - 1), "s": float(seed)}
    texts = {
        at: _Text(f"{positive} {text} {'' if NEGATIVE in text else NEGATIVE} {negative}", at)
        for at, text in positions.items()
    }
    result, current = [], 0
    for frame in range(frame_count):
        while current + 1 < len(frames) and frames[current + 1] <= frame:
            current += 1
        scope["t"] = float(frame)
        here = frames[current]
        prompt = texts[here].at(frame, scope, budget)
        if blend and here < frame and current + 1 < len(frames):
            after = frames[current + 1]
            later = texts[after].at(frame, scope, budget)
            prompt = blended(prompt, later, (frame - here) / (after - here))
        result.append(prompt)
    return result


def _positions(keyframes: Mapping[str, object], frame_count: int, seed: int, budget: Budget | None) -> dict[int, str]:
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
        if CONTROL_CHARACTERS.search(text):
            raise PlanError("prompts", f"prompts: keyframe {str(key)[:40]}: control characters are not allowed")
        position = schedule.position_of("prompts", str(key), frame_count=frame_count, seed=seed, budget=budget)
        positions[position] = text
    return positions


class _Text:
    """One keyframe's whole text; read once where no expression in it depends on the frame."""

    def __init__(self, text: str, keyframe: int) -> None:
        self._text = text
        self._keyframe = keyframe
        self._parts: list[str | Expression] = []
        self._constant: FramePrompt | None = None

    def at(self, frame: int, scope: Mapping[str, float], budget: Budget | None) -> FramePrompt:
        """What frame ``frame`` is made from; ``scope`` are its variables."""
        if self._constant:
            return self._constant
        try:
            if not self._parts:
                self._parts = _split(self._text)
            if budget:
                # Writing a number into the text takes longer than working it out.
                evaluated = sum(8 + part.cost for part in self._parts if isinstance(part, Expression))
                budget.spend("prompts", len(self._text) // 4 + evaluated)
            text = "".join(part if isinstance(part, str) else written(part(scope)) for part in self._parts)
            prompt = read_prompt(text)
        except (ExpressionError, PromptSyntaxError) as error:
            reason = f"prompts: keyframe {self._keyframe}: {error} at frame {frame}"
            raise PlanError("prompts", reason) from None
        if len(self._parts) == 1:
            self._constant = prompt
        return prompt


def _split(text: str) -> list[str | Expression]:
    """Plain text and the expressions in backticks, by turns."""
    pieces = _BACKTICKS.split(text)
    return [
        Expression(piece, schedule.VALUE_NAMES) if index % 2 else piece.replace("`", "")
        for index, piece in enumerate(pieces)
    ]


def read_prompt(text: str) -> FramePrompt:
    """What a text without expressions says. Raises PromptSyntaxError."""
    loras: dict[str, float] = {}
    for name, weight in _LORA.findall(text):
        if not _PLAIN.fullmatch(weight.strip() or "1"):
            raise PromptSyntaxError(f"the weight of LoRA {name!r} is not a number")
        loras[name.strip()] = float(weight.strip() or 1)
    wanted, _, unwanted = _LORA.sub("", text).partition(NEGATIVE)
    parts = [_WEIGHT.fullmatch(_tidy(part)) for part in _AND.split(wanted)]
    if len(parts) > MAX_PARTS:
        raise PromptSyntaxError(f"more than {MAX_PARTS} AND parts")
    weighted = [(part[1], float(part[2] or 1)) for part in parts if part]
    if len(weighted) == 1:
        weighted = [(_tidy(wanted), 1.0)]
    total = sum(weight for _, weight in weighted)
    if abs(total - 1) < 1e-9 or total <= 0:
        # What is subtracted in equal parts has no share to be brought to.
        total = 1.0
    unwanted = _tidy(unwanted)
    for part, _ in weighted:
        check_prompt(part)
    check_prompt(unwanted)
    return FramePrompt(tuple(WeightedPrompt(t, w / total) for t, w in weighted), unwanted, loras)


def blended(a: FramePrompt, b: FramePrompt, share: float) -> FramePrompt:
    """``share`` (0..1) of ``b``, the rest of ``a``."""
    prompts = [WeightedPrompt(p.text, p.weight * (1 - share)) for p in a.prompts]
    prompts += [WeightedPrompt(p.text, p.weight * share) for p in b.prompts]
    names = list(dict.fromkeys([*a.loras, *b.loras]))
    loras = {name: a.loras.get(name, 0.0) * (1 - share) + b.loras.get(name, 0.0) * share for name in names}
    return FramePrompt(tuple(prompts), a.negative if share < 0.5 else b.negative, loras)


def normalised(prompt: FramePrompt) -> FramePrompt:
    """With weights that add up to 1, as :func:`read_prompt` has them."""
    total = sum(part.weight for part in prompt.prompts)
    if abs(total - 1) < 1e-9 or total <= 0:
        return prompt
    return replace(prompt, prompts=tuple(WeightedPrompt(part.text, part.weight / total) for part in prompt.prompts))


def written(value: float) -> str:
    """A number as it is written into a text."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _tidy(text: str) -> str:
    return " ".join(text.split())
