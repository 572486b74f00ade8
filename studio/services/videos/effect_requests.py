"""What an effect asks for: its template, filled with what was configured, as a request like any other."""

from __future__ import annotations

from effects.models import Effect
from effects.services import effect_parameters
from studio.requests.parsing import parse
from studio.requests.types import Request, other_workflow


def effect_request(effect: Effect, input_payload: object = None) -> Request:
    """One use of the effect. Raises ValidationFailed naming ``input_payload.key`` or the template's parameter, also for
    a template that was stored before it was checked.
    """
    parameters = effect_parameters(effect, input_payload)
    # A property that is named like a parameter of the other workflow is none here.
    meant = {
        name: value
        for name, value in parameters.items()
        if name in effect.parameters or other_workflow(name, effect.workflow) is None
    }
    return parse(effect.workflow, meant)
