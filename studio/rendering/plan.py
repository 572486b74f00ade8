"""What is to be rendered, frozen: a plan is complete, validated, JSON-serialisable, and nothing else decides a pixel.

A plan that is rendered twice by one worker gives the same frames, bit for bit. How a CPU computes them is chosen for
the processor and kept with the render (``diffusion/numerics.py``).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

Workflow = Literal["vid2vid", "deforum"]
MAX_SEED = 2**32 - 1
"""Seeds are uint32."""
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""What no prompt has; line breaks and tabs are none."""


@dataclass(frozen=True)
class ModelSpec:
    """Which weights, and how to read them. ``location``: a folder in diffusers format or one ``.safetensors`` file."""

    family: str
    location: str
    scheduler: str | None = None
    """Scheduler name (``ddim``, ``euler``, ``lcm`` ...); None takes the model's own."""
    steps: int = 20
    draft: bool = False
    """Decode with AutoencoderTiny where the model has one: previews and drafts."""


@dataclass(frozen=True)
class ControlNetSpec:
    """One ControlNet unit: ``kind`` is the preprocessor (``canny``, ``softedge``, ``depth``, ``tile``)."""

    kind: str
    location: str
    weight: float = 1.0
    start: float = 0.0
    end: float = 1.0


@dataclass(frozen=True)
class LoraSpec:
    """A LoRA file and its weight."""

    location: str
    weight: float = 1.0


@dataclass(frozen=True)
class Vid2VidParams:
    """Restyle each frame of the source."""

    prompt: str
    negative_prompt: str = ""
    cfg_scale: float = 7.0
    denoising: float = 0.5
    controlnets: tuple[ControlNetSpec, ...] = ()
    loras: tuple[LoraSpec, ...] = ()
    smoothing: float = 0.3
    """Temporal smoothing alpha, 0 (off, a bit-exact no-op) to 0.7."""
    stabilise_colour: bool = True
    cross_frame_attention: bool = False
    start_frame: int = 0
    """First source frame that is rendered (trim)."""


@dataclass(frozen=True)
class DeforumParams:
    """Animate. ``settings`` is Deforum's own JSON vocabulary (``zoom``, ``prompts`` ...), complete and validated."""

    settings: dict[str, Any]
    loras: tuple[LoraSpec, ...] = ()
    controlnets: tuple[ControlNetSpec, ...] = ()


@dataclass(frozen=True)
class RenderOptions:
    """Speed options that may change pixels, off by default, and the models that a render may look through."""

    deepcache: int = 0
    """Reuse deep features for so many steps."""
    residual_cfg: bool = False
    """One negative pass for all steps."""
    compile: bool | Literal["always"] = False
    """Compile the model for jobs that are long enough, or always; CUDA only."""
    clip_skip: int = 0
    """Layers of the text encoder that are left out at its end."""
    depth_model: str | None = None
    """A local folder; what 3D motion and depth ControlNets see with."""

    def to_json(self) -> dict[str, object]:
        """What is asked for; the rest is left out, so that an option that is added changes no older plan."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if getattr(self, f.name) != f.default}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RenderOptions:
        """Read what ``to_json`` wrote; what means nothing here any more is left out."""
        return cls(**{f.name: data[f.name] for f in dataclasses.fields(cls) if f.name in data})


@dataclass(frozen=True)
class RenderPlan:
    """One render. Sizes are pixels of the finished video (even numbers); diffusion pads them up to multiples of 8."""

    workflow: Workflow
    model: ModelSpec
    width: int
    height: int
    fps: str
    """Frames per second as a rational, ``"24"`` or ``"30000/1001"``: never a rounded float."""
    frame_count: int
    """Frames of the whole video; Deforum's ``max_f`` is ``frame_count - 1`` even for a preview."""
    seed: int
    """uint32; drawn before the plan is frozen, never at render time."""
    params: Vid2VidParams | DeforumParams
    frame_limit: int | None = None
    """Stop after this many frames (a preview): they are the first frames of the whole video, bit for bit."""
    keep_source_audio: bool = True
    batch_size: int | None = None
    """Frames per batch; None sizes it from free memory."""
    options: RenderOptions = field(default_factory=RenderOptions)

    @property
    def rate(self) -> Fraction:
        return Fraction(self.fps)

    @property
    def frames_to_render(self) -> int:
        return min(self.frame_count, self.frame_limit or self.frame_count)

    def to_json(self) -> dict[str, object]:
        """A JSON-serialisable dict; ``from_json`` reads it back to an equal plan."""
        return {**dataclasses.asdict(self), "options": self.options.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RenderPlan:
        """Read what ``to_json`` wrote."""
        data = dict(data)
        params = dict(data["params"])
        params["controlnets"] = tuple(ControlNetSpec(**c) for c in params.get("controlnets", ()))
        params["loras"] = tuple(LoraSpec(**lora) for lora in params.get("loras", ()))
        kind = Vid2VidParams if data["workflow"] == "vid2vid" else DeforumParams
        options = RenderOptions.from_json(data.get("options") or {})
        return cls(**{**data, "model": ModelSpec(**data["model"]), "params": kind(**params), "options": options})
