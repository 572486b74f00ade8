"""What staff do with a render, each on a page of its own: the verbs are those of ``studio.services.jobs.by_staff``."""

from __future__ import annotations

from django import forms
from django.conf import settings

from accounts.models import User
from config.staff_acts import Act, ReasonForm, Values
from studio.models import RenderJob
from studio.providers import LOCAL
from studio.services.jobs.by_staff import PRIORITIES, cancel_by_staff, move_to_queue, retry_by_staff, set_priority

OPERATE = "studio.change_renderjob"

_STATUS = RenderJob.Status


class AsShown(forms.HiddenInput):
    """What the page showed; a page that comes back with a refusal shows what is so by now."""

    now: object = ""

    def format_value(self, value: object) -> str:
        return str(self.now)


class PlaceForm(ReasonForm):
    """``seen``: what was so when the page was made."""

    column = ""
    field_order = ("queue", "priority", "reason")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if self.row is not None:
            widget = self.fields["seen"].widget
            assert isinstance(widget, AsShown)
            widget.now = getattr(self.row, self.column)


class QueueForm(PlaceForm):
    column = "queue"
    queue = forms.ChoiceField(help_text="Workers look into the first before they look into the next.")
    seen = forms.CharField(required=False, max_length=64, widget=AsShown)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        here = self.row.queue if self.row is not None else ""
        names = [(name, f"{name} (now)" if name == here else name) for name in settings.RENDER_QUEUES]
        self.fields["queue"] = forms.ChoiceField(
            choices=names, initial=here, help_text="Workers look into the first before they look into the next."
        )
        self.order_fields(self.field_order)


class PriorityForm(PlaceForm):
    column = "priority"
    priority = forms.IntegerField(
        min_value=PRIORITIES[0],
        max_value=PRIORITIES[-1],
        help_text=f"From {PRIORITIES[0]} to {PRIORITIES[-1]}; the highest comes first.",
    )
    seen = forms.IntegerField(required=False, widget=AsShown)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if self.row is not None:
            self.fields["priority"].initial = self.row.priority


def _cancel(staff: User, job: RenderJob, values: Values) -> str:
    cancel_by_staff(job, by=staff, reason=values["reason"])
    return f"Render {job.pk} is cancelled."


def _retry(staff: User, job: RenderJob, values: Values) -> str:
    again = retry_by_staff(job, by=staff, reason=values["reason"])
    return f"Render {job.pk} is queued again as {again.pk}."


def _move(staff: User, job: RenderJob, values: Values) -> str:
    moved = move_to_queue(job, values["queue"], by=staff, reason=values["reason"], seen=values["seen"] or None)
    return f"Render {job.pk} waits in {moved.queue} now."


def _prioritise(staff: User, job: RenderJob, values: Values) -> str:
    moved = set_priority(job, values["priority"], by=staff, reason=values["reason"], seen=values["seen"])
    return f"Render {job.pk} has priority {moved.priority} now."


def _is_active(staff: User, job: RenderJob) -> bool:
    return job.is_active


def _is_over_in_vain(staff: User, job: RenderJob) -> bool:
    return job.status in (_STATUS.FAILED, _STATUS.CANCELLED)


def _waits(staff: User, job: RenderJob) -> bool:
    return job.provider == LOCAL and job.status in (_STATUS.QUEUED, _STATUS.PAUSED)


CANCEL = Act(
    "cancel",
    "Cancel",
    OPERATE,
    _cancel,
    about="The render ends, its frames are gone, and the credits that are held for it go back to its owner.",
    possible=_is_active,
    danger=True,
)
RETRY = Act(
    "retry",
    "Try again",
    OPERATE,
    _retry,
    about="The same is queued anew, as a render of its own; its owner's credits are held for it again.",
    possible=_is_over_in_vain,
)
MOVE = Act(
    "queue",
    "Move to another queue",
    OPERATE,
    _move,
    QueueForm,
    about="It waits for whoever looks into that queue, behind none that came later.",
    possible=_waits,
)
PRIORITISE = Act(
    "priority",
    "Change priority",
    OPERATE,
    _prioritise,
    PriorityForm,
    about="Within its queue and among its owner's renders the highest priority comes first. Owners take turns whatever"
    " the priority: to let it pass those of others, move it to another queue.",
    possible=_waits,
)
ACTS = (CANCEL, RETRY, MOVE, PRIORITISE)
