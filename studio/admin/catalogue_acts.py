"""What staff do with models and effects: check, switch, try, render the preview."""

from __future__ import annotations

from typing import cast

from django import forms
from django.core.files.uploadedfile import UploadedFile

from accounts.models import User
from accounts.services.audit import record
from config.staff_acts import Act, ActForm, Values
from effects.admin import EffectAdmin
from effects.models import Effect
from studio.models import ModelFile
from studio.services.catalogue import switches, tasks, trials

CHANGE_MODEL = "studio.change_modelfile"
CHANGE_EFFECT = "effects.change_effect"


class NothingAsked(ActForm):
    """A button alone."""


class PromptForm(ActForm):
    prompt = forms.CharField(
        max_length=2000, initial="a harbour at dawn", widget=forms.Textarea(attrs={"rows": 3, "maxlength": 2000})
    )


class ClipForm(ActForm):
    clip = forms.FileField(required=False, help_text="A video; without one the catalogue's own clip.")

    def begin(self) -> None:
        if self.row.type == Effect.Type.ANIMATION:
            del self.fields["clip"]


def _check(staff: User, model: ModelFile, values: Values) -> str:
    said = switches.check_weights(model)
    record("model.checked", actor=staff, model=model.slug)
    return said


def _enable(staff: User, model: ModelFile, values: Values) -> str:
    switches.enable_model(staff=staff, model=model, reason=values["reason"])
    return f"{model} can be chosen."


def _disable(staff: User, model: ModelFile, values: Values) -> str:
    switches.disable_model(staff=staff, model=model, reason=values["reason"])
    return f"{model} can't be chosen any more."


def _default(staff: User, model: ModelFile, values: Values) -> str:
    switches.make_default(staff=staff, model=model, reason=values["reason"])
    return f"{model} is the default."


def _try_model(staff: User, model: ModelFile, values: Values) -> str:
    job = trials.try_model(staff=staff, model=model, prompt=values["prompt"])
    return f"Render {job.pk} is queued: see Renders."


def _try_effect(staff: User, effect: Effect, values: Values) -> str:
    clip = cast("UploadedFile[bytes] | None", values.get("clip"))
    job = trials.try_effect(staff=staff, effect=effect, clip=clip)
    return f"Render {job.pk} is queued: see Renders."


def _preview(staff: User, effect: Effect, values: Values) -> str:
    task = tasks.ask_preview(staff=staff, effect=effect, reason=values["reason"])
    return f"The preview is being rendered (task {task.pk})."


MODEL_ACTS = (
    Act(
        "check", "Check", CHANGE_MODEL, _check, NothingAsked,
        "Looks whether configurations and weights are there and fit together, without loading them.",
    ),
    Act(
        "enable", "Switch on", CHANGE_MODEL, _enable, about="It is checked first; then users can choose it.",
        possible=lambda _, model: not model.enabled,
    ),
    Act(
        "disable", "Switch off", CHANGE_MODEL, _disable,
        about="Nobody can choose it any more. Renders that are queued or running go on with it.",
        possible=lambda _, model: model.enabled and not model.is_default, danger=True,
    ),
    Act(
        "default", "Make it the default", CHANGE_MODEL, _default, about="For requests that name no model.",
        possible=lambda _, model: model.enabled and not model.is_default and model.model_type == "checkpoint",
    ),
    Act(
        "try", "Try it", CHANGE_MODEL, _try_model, PromptForm,
        "Renders some frames as a video of your own, at the model's price.",
        possible=lambda _, model: model.enabled and model.model_type == "checkpoint",
    ),
)  # fmt: skip

EffectAdmin.acts = (
    *EffectAdmin.acts,
    Act(
        "preview", "Render the preview", CHANGE_EFFECT, _preview,
        about="Thumbnail and clip, with the effect's defaults, in the background.",
        possible=lambda _, effect: not effect.is_deleted,
    ),
    Act(
        "try", "Test on a clip", CHANGE_EFFECT, _try_effect, ClipForm,
        "Renders a preview as a video of your own, with the effect's defaults. It need not be switched on.",
        possible=lambda _, effect: not effect.is_deleted,
    ),
)  # fmt: skip
