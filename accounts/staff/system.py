"""The panel's pages of switches and of settings that may be changed while the product runs."""

from __future__ import annotations

from typing import Any, TypedDict, cast

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from accounts.models import User
from accounts.services.runtime_settings import change_setting
from accounts.staff.who import who
from config.api.errors import DomainError
from config.api.why import MAX_REASON
from config.staff_acts import tell
from config.staff_views import StaffView, staff_page, staff_views
from tenants.models import RuntimeChange
from tenants.runtime import SWITCH, RuntimeSetting, current_values, default_of, runtime_settings

SEE, CHANGE = "tenants.view_runtimechange", "tenants.change_runtimechange"
SHOWN_CHANGES = 50

_ON_OFF = {"on": True, "off": False}


class Row(TypedDict):
    """Of the list."""

    name: str
    setting: RuntimeSetting
    value: str
    is_default: bool
    is_off: bool
    change: RuntimeChange | None


class SettingForm(forms.Form):
    """``seen``: the number of the change that the page showed as the newest."""

    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    value: forms.Field
    reason = forms.CharField(
        max_length=MAX_REASON, widget=forms.Textarea(attrs={"rows": 3}), help_text="The history below keeps it."
    )
    field_order = ("seen", "value", "reason")

    def __init__(self, *args: Any, setting: RuntimeSetting, default: int | bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if setting.kind == SWITCH:
            choices = [("", f"Default ({said(default)})"), ("on", "On"), ("off", "Off")]
            self.fields["value"] = forms.ChoiceField(choices=choices, required=False)
        else:
            self.fields["value"] = forms.IntegerField(
                required=False,
                min_value=setting.least,
                max_value=setting.most,
                help_text=f"From {setting.least} to {setting.most}; empty: the default, {said(default)}.",
            )
        self.order_fields(self.field_order)

    def wanted(self) -> int | bool | None:
        value = self.cleaned_data["value"]
        if value in ("", None):
            return None
        return _ON_OFF[value] if value in _ON_OFF else cast(int, value)


def said(value: object) -> str:
    """A value in words."""
    return "default" if value is None else {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def settings_page(request: HttpRequest) -> HttpResponseBase:
    """All of them: what is in force, and since when."""
    now = current_values()
    newest = {change.name: change for change in RuntimeChange.objects.order_by("name", "-number").distinct("name")}
    rows: list[Row] = [
        {
            "name": name,
            "setting": setting,
            "value": said(now.get(name, default_of(name))),
            "is_default": name not in now,
            "is_off": setting.kind == SWITCH and now.get(name, default_of(name)) is False,
            "change": newest.get(name),
        }
        for name, setting in runtime_settings.items()
    ]
    context = {
        "switches": [row for row in rows if row["setting"].kind == SWITCH],
        "bounds": [row for row in rows if row["setting"].kind != SWITCH],
    }
    return staff_page(request, "admin/runtime_settings.html", "Settings", context)


def setting_page(request: HttpRequest, name: str) -> HttpResponseBase:
    """One of them: change it, and who did so before."""
    if name not in runtime_settings:
        raise Http404
    setting, default = runtime_settings[name], default_of(name)
    history = list(RuntimeChange.objects.filter(name=name).order_by("-number")[:SHOWN_CHANGES])
    asked: dict[str, Any] = {"setting": setting, "default": default}
    status = 200
    if request.method == "POST":
        form = SettingForm(request.POST, **asked)
        status = 422
        if form.is_valid():
            staff, values = who(request), form.cleaned_data
            try:
                change_setting(
                    staff=staff, name=name, value=form.wanted(), reason=values["reason"], seen=values["seen"]
                )
            except DomainError as error:
                tell(form, error)
                status = error.status
                # As it is now: whoever sends the form again has seen what is shown below.
                history = list(RuntimeChange.objects.filter(name=name).order_by("-number")[:SHOWN_CHANGES])
                form.data = {**request.POST.dict(), "seen": history[0].number if history else 0}
            else:
                messages.success(request, f"{setting.title}: {said(form.wanted())}.")
                return redirect("admin:runtime_settings")
    else:
        value = history[0].after if history else None
        typed = said(value) if value is not None else ""
        form = SettingForm(initial={"seen": history[0].number if history else 0, "value": typed}, **asked)
    people = User.objects.in_bulk({change.by_id for change in history if change.by_id})
    changes = [
        {
            "change": change,
            "who": people.get(change.by_id or 0),
            "before": said(change.before),
            "after": said(change.after),
        }
        for change in history
    ]
    may_change = who(request).has_perm(CHANGE)
    context = {"setting": setting, "form": form, "history": changes, "may_change": may_change}
    return staff_page(request, "admin/runtime_setting.html", setting.title, context, status)


staff_views.plug(
    "runtime_settings",
    StaffView("system/settings/", settings_page, SEE, CHANGE, "Settings", "toggle_on", "System"),
)
staff_views.plug("runtime_setting", StaffView("system/settings/<slug:name>/", setting_page, SEE, CHANGE))
