"""The live prompt: two texts and the way between them, a negative one, and words that stand for something that moves.

``{{name}}`` in a text stands for a binding: a blend of two texts, or one text with a weight.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from studio.rendering.deforum.prompts import (
    MAX_LENGTH,
    MAX_PARTS,
    NEGATIVE,
    FramePrompt,
    blended,
    normalised,
    read_prompt,
    written,
)
from studio.rendering.deforum.steering.commands import BINDING_NAME, BindingKind, Prompt, PromptMode
from studio.rendering.deforum.steering.glide import Glide
from studio.rendering.diffusion.emphasis import PromptSyntaxError, check_prompt
from studio.rendering.diffusion.interface import WeightedPrompt

_PLACE = re.compile(r"\{\{ *(" + BINDING_NAME + r") *\}\}")


@dataclass(frozen=True)
class LiveBinding:
    """A binding and where its value stands."""

    kind: BindingKind
    a: str
    b: str
    glide: Glide
    on: bool = True

    def variants(self) -> list[tuple[str, float]]:
        """The texts that it stands for, each with its share."""
        value = self.glide.at()
        if not self.on:
            return [("", 1.0)]
        if self.kind == "weight":
            return [(self.a if value == 1 or not self.a else f"({self.a}:{written(value)})", 1.0)]
        return [(text, share) for text, share in ((self.a, 1 - value), (self.b, value)) if share]


@dataclass(frozen=True)
class LivePrompt:
    """What commands have made of the prompt; ``mode`` is None until the first of them."""

    a: str | None = None
    b: str | None = None
    negative: str | None = None
    morph: Glide = field(default_factory=lambda: Glide.still(0.0))
    mode: PromptMode | None = None
    bindings: Mapping[str, LiveBinding] = field(default_factory=dict)

    @property
    def alters(self) -> bool:
        """Whether the prompt may be another than the settings'."""
        return self.mode not in (None, "schedule")

    @property
    def moves(self) -> bool:
        """Whether anything is on its way."""
        return self.frames_left > 0

    @property
    def frames_left(self) -> int:
        """Frames until everything is where it goes."""
        return max(self.morph.frames_left, *(bound.glide.frames_left for bound in self.bindings.values()), 0)

    def stepped(self) -> LivePrompt:
        """One frame on."""
        if not self.moves:
            return self
        bindings = {name: replace(bound, glide=bound.glide.stepped()) for name, bound in self.bindings.items()}
        return replace(self, morph=self.morph.stepped(), bindings=bindings)

    def changed(self, asked: Prompt) -> LivePrompt:
        """The prompt after a command."""
        bindings = dict(self.bindings)
        for name, binding in asked.bindings.items():
            before = bindings.pop(name, None)
            if binding is not None:
                start = before.glide.at() if before else binding.value
                glide = Glide(start, binding.value, binding.frames if before else 0, 0, binding.easing)
                bindings[name] = LiveBinding(binding.kind, binding.a, binding.b, glide, binding.on)
        morph = self.morph
        if asked.morph is not None:
            morph = Glide(morph.at(), asked.morph, asked.frames, 0, asked.easing)
        return LivePrompt(
            a=self.a if asked.a is None else asked.a,
            b=self.b if asked.b is None else asked.b,
            negative=self.negative if asked.negative is None else asked.negative,
            morph=morph,
            mode=asked.mode or self.mode or "replace",
            bindings=bindings,
        )

    def over(self, scheduled: FramePrompt, named: frozenset[str]) -> FramePrompt:
        """What a frame is made from of which the settings say ``scheduled``; see ``LiveState.row`` for ``named``."""
        if not self.alters:
            return scheduled
        try:
            return self.checked(scheduled, named)
        except PromptSyntaxError:
            # Checked when it was asked for; a render never ends because of a live prompt.
            return scheduled

    def checked(self, scheduled: FramePrompt, named: frozenset[str]) -> FramePrompt:
        """As ``over``. Raises PromptSyntaxError where the texts together are more than can be."""
        live = self._texts(scheduled)
        if self.mode == "replace":
            loras = {name: 0.0 if name in named else weight for name, weight in scheduled.loras.items()}
            parts = live.prompts
        else:
            loras = scheduled.loras
            parts = _joined(live, scheduled) if self.mode == "before" else _joined(scheduled, live)
        negative = live.negative
        if self.negative is not None:
            negative = read_prompt(f"{NEGATIVE} {self._placed(self.negative)[0][0]}").negative
            if self.mode == "before":
                negative = _together(negative, scheduled.negative)
            elif self.mode == "after":
                negative = _together(scheduled.negative, negative)
        prompt = normalised(FramePrompt(parts, negative, {**loras, **live.loras}))
        _check(prompt)
        return prompt

    def _texts(self, scheduled: FramePrompt) -> FramePrompt:
        """A, B, or what lies between. Without A it is the scheduled text, or nothing where that is added anyway."""
        if self.a is not None:
            a = self._expanded(self.a, scheduled.negative)
        else:
            a = scheduled if self.mode == "replace" else FramePrompt((WeightedPrompt(""),), scheduled.negative)
        share = self.morph.at()
        if not self.b or share <= 0:
            return a
        b = self._expanded(self.b, scheduled.negative)
        return b if share >= 1 else blended(a, b, share)

    def _expanded(self, text: str, negative: str) -> FramePrompt:
        """A text with something in the place of each binding; without a negative of its own it has ``negative``."""
        parts: list[WeightedPrompt] = []
        loras: dict[str, float] = {}
        for variant, share in self._placed(text):
            read = read_prompt(variant)
            parts += [WeightedPrompt(part.text, part.weight * share) for part in read.prompts]
            loras |= read.loras
            negative = read.negative or negative
        return FramePrompt(tuple(parts), negative, loras)

    def _placed(self, text: str) -> list[tuple[str, float]]:
        """The texts that a text with places for bindings stands for, each with its share."""
        variants = [(text, 1.0)]
        for name in dict.fromkeys(_PLACE.findall(text)):
            bound = self.bindings.get(name)
            place = re.compile(r"\{\{ *" + re.escape(name) + r" *\}\}")
            variants = [
                (place.sub(word.replace("\\", r"\\"), variant), weight * share)
                for variant, weight in variants
                for word, share in (bound.variants() if bound else [("", 1.0)])
            ]
            if len(variants) > MAX_PARTS:
                raise PromptSyntaxError(f"more than {MAX_PARTS} texts are blended")
        return variants

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LivePrompt:
        """Read what ``to_json`` wrote."""
        bindings = {
            name: LiveBinding(**{**bound, "glide": Glide(**bound["glide"])}) for name, bound in data["bindings"].items()
        }
        return cls(**{**data, "morph": Glide(**data["morph"]), "bindings": bindings})


def _joined(first: FramePrompt, second: FramePrompt) -> tuple[WeightedPrompt, ...]:
    """Every text of the one followed by every text of the other."""
    return tuple(
        WeightedPrompt(_together(a.text, b.text), a.weight * b.weight) for a in first.prompts for b in second.prompts
    )


def _together(first: str, second: str) -> str:
    return ", ".join(text for text in (first, second) if text)


def _check(prompt: FramePrompt) -> None:
    if len(prompt.prompts) > MAX_PARTS:
        raise PromptSyntaxError(f"more than {MAX_PARTS} texts are blended")
    for part in prompt.prompts:
        check_prompt(part.text)
    check_prompt(prompt.negative)
    if len(prompt.to_text()) > MAX_LENGTH:
        raise PromptSyntaxError(f"longer than {MAX_LENGTH} characters")
