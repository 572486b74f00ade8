"""Models and presets: where they are, which may be used."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from django.conf import settings
from django.db.models import Q, QuerySet

from config.api.errors import ValidationFailed
from effects.models import Effect
from studio.models import ModelFile, Preset
from studio.rendering.deforum import presets
from studio.rendering.plan import LoraSpec

BUILTIN_PREFIX = "builtin:"
MAX_LORAS = 20
_LORA_TAG = re.compile(r"<lora:([^:<>]+)(?::([^:<>]*))?>")


def checkpoints() -> QuerySet[ModelFile]:
    """The models a render can be made with."""
    return ModelFile.objects.filter(enabled=True, model_type="checkpoint")


def find_checkpoint(model_id: int) -> ModelFile:
    """Raises ValidationFailed for one that does not exist, or is switched off."""
    found = checkpoints().filter(pk=model_id).first()
    if found is None:
        raise no_such_model()
    return found


def no_such_model() -> ValidationFailed:
    return ValidationFailed({"modelId": ["The selected model does not exist or is switched off."]})


def model_names() -> dict[int, str]:
    """All that there are, by number."""
    return dict(ModelFile.objects.values_list("pk", "name"))


def effects_made_for(model_ids: Iterable[int]) -> list[str]:
    """The names of the effects that keep one of these models from being deleted."""
    return [str(effect) for effect in Effect.objects.filter(model_file_id__in=list(model_ids))]


def model_path(model_file: ModelFile) -> Path:
    """Where the weights lie: inside the project (``builtin:``, ``builtin:controlnet``), or in the model folder."""
    if model_file.location.startswith(BUILTIN_PREFIX):
        from studio.builtin_model.location import builtin_model_path

        return builtin_model_path() / model_file.location.removeprefix(BUILTIN_PREFIX)
    path: Path = settings.MODEL_DIR / model_file.location
    if model_file.model_type == "lora" and path.is_dir():
        # As a hub keeps it: one file in a folder.
        return next(iter(sorted(path.glob("*.safetensors"))), path)
    return path


def controlnet_path(kind: str) -> Path:
    """The ControlNet of this kind that staff have switched on."""
    found = ModelFile.objects.filter(enabled=True, model_type="controlnet", slug=kind).first()
    if found is None:
        raise ValidationFailed({"controlnet": [f"No ControlNet of type {kind} is installed."]})
    return model_path(found)


def name_loras_by_file(prompts: dict[str, str]) -> tuple[dict[str, str], tuple[LoraSpec, ...]]:
    """Prompts by name whose ``<lora:name:weight>`` tags name files instead of catalogue entries, and those LoRAs."""
    text = " ".join(prompts.values())
    loras = split_loras(text)[1]
    stems = {name: model_path(lora).stem for name, lora in _named_loras(text).items()}

    def file_tag(match: re.Match[str]) -> str:
        return f"<lora:{stems[match[1].strip()]}:{match[2] or 1}>"

    return {frame: _LORA_TAG.sub(file_tag, text) for frame, text in prompts.items()}, loras


def split_loras(text: str) -> tuple[str, tuple[LoraSpec, ...]]:
    """A prompt without its ``<lora:name:weight>`` tags, and the LoRAs they name."""
    found: dict[str, LoraSpec] = {}
    entries = _named_loras(text)
    for name, weight in _LORA_TAG.findall(text):
        lora = entries[name.strip()]
        checked = _lora_weight(weight)
        if lora.slug not in found:
            found[lora.slug] = LoraSpec(str(model_path(lora)), checked)
    return _LORA_TAG.sub("", text).strip(), tuple(found.values())


def missing_loras(text: str) -> set[str]:
    """The LoRAs that a prompt names and that are not installed."""
    return _lora_names(text) - set(_installed_loras(text))


def without_loras(text: str, names: set[str]) -> str:
    """A prompt without the tags of these LoRAs."""
    return _LORA_TAG.sub(lambda tag: "" if tag[1].strip() in names else tag[0], text).strip()


def _named_loras(text: str) -> dict[str, ModelFile]:
    """The LoRAs that a prompt names, in one query. Raises ValidationFailed when one is not installed."""
    found = _installed_loras(text)
    missing = sorted(_lora_names(text) - set(found))
    if missing:
        raise ValidationFailed({"prompt": [f"There is no LoRA named {missing[0][:80]!r}."]})
    return found


def _installed_loras(text: str) -> dict[str, ModelFile]:
    names = _lora_names(text)
    if len(names) > MAX_LORAS:
        raise ValidationFailed({"prompt": [f"At most {MAX_LORAS} LoRAs can be used at once."]})
    if not names:
        return {}
    found = ModelFile.objects.filter(enabled=True, model_type="lora", slug__in=names)
    return {lora.slug: lora for lora in found}


def _lora_names(text: str) -> set[str]:
    return {name.strip() for name, _ in _LORA_TAG.findall(text)}


def _lora_weight(text: str) -> float:
    try:
        weight = float(text or 1)
    except ValueError:
        # A schedule's expression in backticks: the frame table gives each frame its weight.
        return 1.0
    if not -2 <= weight <= 2:
        raise ValidationFailed({"prompt": ["A LoRA's weight lies between -2 and 2."]})
    return weight


def depth_model_path() -> str | None:
    """What 3D motion and depth ControlNets see with, when one is installed."""
    depth = ModelFile.objects.filter(enabled=True, model_type="depth").order_by("-is_default", "id").first()
    return str(model_path(depth)) if depth else None


def find_preset(wanted: str | int) -> Preset | None:
    """By id, slug or name; one's own before a built-in of the same slug."""
    text = str(wanted)
    by = Q(slug=text) | Q(name=text) | (Q(pk=int(text)) if text.isdigit() and len(text) < 19 else Q(pk=None))
    return Preset.objects.filter(by, enabled=True).order_by("tenant_id").first()


def find_named_preset(wanted: str | int) -> Preset:
    """``find_preset``, or ValidationFailed."""
    preset = find_preset(wanted)
    if preset is None:
        raise ValidationFailed({"preset": ["The selected preset does not exist."]})
    return preset


def preset_settings(preset: Preset, *, fps: Fraction = Fraction(24)) -> dict[str, object]:
    """The preset's Deforum settings, its beats timed for this frame rate."""
    template = presets.Preset(preset.slug, preset.name, preset.description, preset.settings)
    return template.settings(fps=fps)


def default_size(model_file: ModelFile) -> tuple[int, int]:
    """Width and height of a video that starts from a prompt alone: 16:9 within the model's pixels, multiples of 16."""
    height = math.isqrt(model_file.max_pixels * 9 // 16)
    return height * 16 // 9 // 16 * 16, height // 16 * 16


def work_dir(name: str) -> Path:
    """A folder of this name under the work folder, made if need be."""
    path: Path = settings.WORK_DIR / name
    path.mkdir(parents=True, exist_ok=True)
    return path
