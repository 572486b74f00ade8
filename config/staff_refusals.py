"""Pages whose forms services save: what one refuses is said on the form, with everything typed still there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse

from config.api.errors import DomainError
from config.staff_acts import tell
from config.staff_pages import StaffPage

_REFUSED = "staff_form_refused"


class ServedForm(forms.ModelForm):
    """A form of ``ServedPage``."""

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if self.refused:
            tell(self, self.refused)
        return values

    @property
    def refused(self) -> DomainError | None:
        """Why a service has just refused what the form says."""
        refusal: DomainError | None = getattr(getattr(self, "request", None), _REFUSED, None)
        return refusal


class ServedPage(StaffPage):
    """``save_model`` calls services, and may raise DomainError: then nothing of the page is saved."""

    form = ServedForm

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as error:
            setattr(request, _REFUSED, error)
            answer = super().changeform_view(request, object_id, form_url, extra_context)
            answer.status_code = error.status
            return answer
