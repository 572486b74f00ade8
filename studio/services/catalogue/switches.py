"""Models: checked, switched on and off, made the default."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from accounts.services.audit import record
from config.api.errors import DomainError, ValidationFailed
from config.api.why import check_reason
from studio.models import ModelFile
from studio.rendering.errors import ModelError
from studio.rendering.models.checks import check_depth_model, check_model
from studio.rendering.plan import ModelSpec
from studio.services.catalogue.models import model_path


def check_weights(model: ModelFile) -> str:
    """Whether what lies there is what a render needs, told without loading it; says what was found.

    Raises DomainError ``model_unusable``.
    """
    path = model_path(model)
    try:
        if model.model_type == "checkpoint":
            check_model(ModelSpec(model.family, str(path), scheduler=model.scheduler or None))
            return f"A complete {model.family} model."
        if model.model_type == "depth":
            check_depth_model(path)
            return "A complete depth model."
    except ModelError as error:
        raise DomainError("model_unusable", f"{model.name} can't be used: {error.message}") from error
    if not path.exists():
        raise DomainError("model_unusable", f"{model.name} can't be used: nothing lies at {model.location}.")
    return "It is there; whether it fits is checked beside the model that a render uses it with."


def enable_model(*, staff: User, model: ModelFile, reason: str) -> None:
    """Let users choose it. Raises DomainError ``model_unusable``, and ``conflict`` where it is on already."""
    check_weights(model)
    _switch(staff, model, on=True, reason=reason)


def disable_model(*, staff: User, model: ModelFile, reason: str) -> None:
    """Users can't choose it any more; renders that have it go on. Raises ValidationFailed for the default model."""
    _switch(staff, model, on=False, reason=reason)


def make_default(*, staff: User, model: ModelFile, reason: str) -> None:
    """The model of requests that name none. Raises DomainError ``model_unusable``, ValidationFailed."""
    reason = check_reason(reason)
    check_weights(model)
    with transaction.atomic():
        # The former one as well, in the order of their numbers.
        rows = list(ModelFile.objects.select_for_update().order_by("pk"))
        found = next((row for row in rows if row.pk == model.pk), None)
        if found is None or not found.enabled or found.model_type != "checkpoint":
            raise ValidationFailed({"reason": ["Only a checkpoint that is switched on can be the default."]})
        former = next((row.slug for row in rows if row.is_default), None)
        ModelFile.objects.filter(is_default=True).update(is_default=False)
        found.is_default = True
        found.save(update_fields=["is_default", "updated_at"])
        record("model.default", actor=staff, before=former, after=found.slug, reason=reason)


def _switch(staff: User, model: ModelFile, *, on: bool, reason: str) -> None:
    reason = check_reason(reason)
    with transaction.atomic():
        found = ModelFile.objects.select_for_update().get(pk=model.pk)
        if found.enabled == on:
            raise DomainError("conflict", f"It is switched {'on' if on else 'off'} already.", 409)
        if found.is_default and not on:
            raise ValidationFailed({"reason": ["It is the default: make another model the default first."]})
        found.enabled = on
        found.save(update_fields=["enabled", "updated_at"])
        record("model.switched", actor=staff, model=found.slug, before=not on, after=on, reason=reason)
