"""The request of a render, and with it the table of its parameters: a new one is a field here, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import cache
from typing import Any, ClassVar, Self

from studio.rendering.deforum.settings import MAX_LENGTH, DeforumSettings
from studio.rendering.deforum.vocabulary import Number as SettingsNumber
from studio.rendering.diffusion.samplers import sampler_names
from studio.rendering.plan import MAX_SEED, ControlNetSpec, Vid2VidParams
from studio.requests.kinds import Choice, Flag, Number, Settings, Text, Units
from studio.requests.parameter import Parameter, declared, parameter

VID2VID, DEFORUM = "vid2vid", "deforum"
MAX_PROMPT = 4000
"""Characters."""
MAX_FPS = 60
MAX_SECONDS = 20
DEFAULT_FPS = Fraction(24)
CONTROLNETS = ("canny", "softedge", "depth", "tile")


def _figures_of_settings(name: str) -> tuple[float, float]:
    kind = next(of.metadata["kind"] for of in fields(DeforumSettings) if of.name == name)
    assert isinstance(kind, SettingsNumber)
    return kind.low, kind.high


@dataclass(frozen=True, kw_only=True)
class ControlUnit:
    """One ControlNet unit; a figure that is None is the renderer's own."""

    type: str = parameter(Choice(CONTROLNETS), "What of the source it keeps.")
    weight: float | None = parameter(Number(0.0, 2.0), "How much it counts.", default=ControlNetSpec.weight)
    start: float | None = parameter(
        Number(0.0, 1.0), "Share of the steps after which it begins.", default=ControlNetSpec.start
    )
    end: float | None = parameter(
        Number(0.0, 1.0), "Share of the steps after which it ends.", default=ControlNetSpec.end
    )

    def figures(self) -> dict[str, float]:
        """Those that are said."""
        said = {"weight": self.weight, "start": self.start, "end": self.end}
        return {name: value for name, value in said.items() if value is not None}

    def to_parameters(self) -> dict[str, object]:
        return {"type": self.type, **self.figures()}


@dataclass(frozen=True, kw_only=True)
class RenderRequest:
    """What both workflows may be asked for. None: not said."""

    workflow: ClassVar[str]

    model_id: int | None = parameter(
        Number(1, None, whole=True), "A model of `/api/v1/model-files`; the default one unless given.",
        api="modelId", of_effects=False,
    )  # fmt: skip
    prompt: str | None = parameter(Text(MAX_PROMPT), "What the video shall show.", setting="prompts")
    negative_prompt: str | None = parameter(
        Text(MAX_PROMPT, blank=True), "What it shall not show.", default="", setting="animation_prompts_negative"
    )
    seed: int | None = parameter(
        Number(-(2**63), MAX_SEED, whole=True), "The same seed makes the same frames; drawn unless above 0.",
        null=True,
    )  # fmt: skip
    cfg_scale: float | None = parameter(
        Number(2.0, 10.0), "How strictly the prompt is followed.",
        api="cfgScale", default=Vid2VidParams.cfg_scale, default_in=VID2VID, aliases=("cfg_scale",),
        setting="cfg_scale_schedule",
    )  # fmt: skip
    denoising: float | None = parameter(
        Number(0.1, 1.0), "How far the result may leave the source, or the frame before.",
        default=Vid2VidParams.denoising, default_in=VID2VID, setting="strength_schedule",
    )  # fmt: skip
    steps: int | None = parameter(
        Number(1, 50, whole=True, from_settings=_figures_of_settings("steps")),
        "Denoising steps; the model's own number unless given.", setting="steps",
    )  # fmt: skip
    frame_count: int | None = parameter(
        Number(1, 20, whole=True), "Frames of a preview.", api="frameCount", default=1, of_effects=False, shared=False
    )
    scheduler: str | None = parameter(
        Choice(sampler_names()), "The sampler; the model's own unless given.", setting="sampler"
    )
    controlnet: tuple[ControlUnit, ...] | None = parameter(
        Units(5), "ControlNet units, by their type or with their figures.", null=True
    )
    draft: bool | None = parameter(Flag(), "Use the small decoder: quicker, coarser.")
    deepcache: int | None = parameter(
        Number(1, 5, whole=True), "Reuse deep features for so many steps: quicker, coarser.", option=True
    )
    residual_cfg: bool | None = parameter(Flag(), "One negative pass: quicker.", api="residualCfg", option=True)
    clip_skip: int | None = parameter(
        Number(0, 4, whole=True), "Last layers of the text encoder that are left out; 1 is what other programs call 2.",
        api="clipSkip", aliases=("clip_skip",), option=True,
    )  # fmt: skip

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Of checked values by API name, ControlNet units as objects; null is not said."""
        known = {p.api: p for p in parameters_of(cls.workflow)}
        said = {known[api].name: value for api, value in values.items() if value is not None}
        if "controlnet" in said:
            said["controlnet"] = tuple(ControlUnit(**unit) for unit in said["controlnet"])
        return cls(**said)

    def to_parameters(self) -> dict[str, object]:
        """What is said, by API name, as JSON: how it is stored and shown. ``of`` reads it back."""
        said = {p.api: getattr(self, p.name) for p in parameters_of(self.workflow)}
        said["controlnet"] = None if self.controlnet is None else [unit.to_parameters() for unit in self.controlnet]
        return {api: value for api, value in said.items() if value is not None}

    def with_defaults(self) -> Self:
        return self.filled({p.name: p.default_for(self.workflow) for p in parameters_of(self.workflow)})

    def filled(self, values: Mapping[str, Any]) -> Self:
        """With these where nothing is said."""
        return replace(self, **{name: value for name, value in values.items() if getattr(self, name) is None})

    def options(self) -> dict[str, Any]:
        """What goes to the renderer as options of the plan."""
        asked = {p.name: getattr(self, p.name) for p in parameters_of(self.workflow) if p.option}
        return {name: value for name, value in asked.items() if value}


@dataclass(frozen=True, kw_only=True)
class Vid2VidRequest(RenderRequest):
    """Restyle an uploaded clip or picture."""

    workflow: ClassVar[str] = VID2VID

    smoothing: float | None = parameter(
        Number(0.0, 0.7),
        "Share of the frame before, moved along the picture's motion.",
        default=Vid2VidParams.smoothing,
    )
    stabilise_colour: bool | None = parameter(
        Flag(), "Keep the colours from flickering.", api="stabiliseColour", default=Vid2VidParams.stabilise_colour
    )
    cross_frame_attention: bool | None = parameter(
        Flag(), "Let each frame look at the first one: steadier, slower.",
        api="crossFrameAttention", default=Vid2VidParams.cross_frame_attention,
        not_for={"animatediff": "animatediff models see frames together anyway"},
    )  # fmt: skip
    start_frame: int | None = parameter(
        Number(0, None, whole=True), "First frame of the source that is rendered.",
        api="startFrame", default=Vid2VidParams.start_frame, of_effects=False, shared=False,
    )  # fmt: skip
    end_frame: int | None = parameter(
        Number(1, None, whole=True), "The frame of the source before which it ends; its end unless given.",
        api="endFrame", null=True, of_effects=False, shared=False,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class DeforumRequest(RenderRequest):
    """Animate from a prompt, a picture, a clip or an earlier animation."""

    workflow: ClassVar[str] = DEFORUM

    preset: str | None = parameter(
        Text(255, plain=False), "Id, slug or name of a preset of `/api/v1/presets`.", null=True
    )
    length: float | None = parameter(
        Number(1.0, float(MAX_SECONDS), from_settings=(0.0, float(MAX_SECONDS))), "Seconds.",
        default=5, aliases=("duration",), setting="max_frames",
    )  # fmt: skip
    fps: float | None = parameter(
        Number(1.0, float(MAX_FPS)), "Frames per second; 24, or those of what is extended, unless given.", setting="fps"
    )
    extend_from_job_id: int | None = parameter(
        Number(1, None, whole=True), "A completed animation of one's own, by video or job, that goes on.",
        api="extendFromJobId", null=True, of_effects=False, shared=False,
    )  # fmt: skip
    schedules: Mapping[str, object] | None = parameter(
        Settings(MAX_LENGTH), "Deforum settings: schedules, keyframed prompts, or a whole settings file.", null=True
    )


Request = Vid2VidRequest | DeforumRequest
TYPES: dict[str, type[Vid2VidRequest] | type[DeforumRequest]] = {VID2VID: Vid2VidRequest, DEFORUM: DeforumRequest}


@cache
def parameters_of(workflow: str) -> tuple[Parameter, ...]:
    """What a render of the workflow may be asked for."""
    return tuple(declared(of) for of in fields(TYPES[workflow]))


@cache
def all_parameters() -> dict[str, Parameter]:
    """API name -> parameter, those of both workflows."""
    return {p.api: p for workflow in TYPES for p in parameters_of(workflow)}


@cache
def other_workflow(api: str, workflow: str) -> str | None:
    """The workflow that the parameter is for, if it is not for this one."""
    owners = [name for name in TYPES if any(p.api == api for p in parameters_of(name))]
    return None if not owners or workflow in owners else owners[0]
