"""What staff change while the product runs: in force at once, with its history, and nobody's change is lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from accounts.services.runtime_settings import change_setting
from config.api.errors import Conflict, NotFound, ValidationFailed
from tenants.models import RuntimeChange
from tenants.runtime import SWITCH, runtime_settings, whole
from tests.fixtures import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

NEWCOMER = {"email": "new@example.org", "password": PASSWORD, "password_confirmation": PASSWORD, "name": "New"}


@pytest.fixture
def operator(make_user: UserFactory) -> User:
    user = make_user(name="operator")
    user.groups.add(Group.objects.get(name="operations"))
    return user


@pytest.fixture
def panel(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def page(name: str) -> str:
    return f"/admin/system/settings/{name}/"


def test_a_change_is_in_force_and_in_the_history(panel: Client, operator: User, settings: Any) -> None:
    settings.MAX_ACTIVE_JOBS = 5
    assert whole("MAX_ACTIVE_JOBS") == 5
    answer = panel.post(page("MAX_ACTIVE_JOBS"), {"value": "7", "reason": "<b>More GPUs</b>", "seen": "0"})
    assert answer.status_code == 302
    assert whole("MAX_ACTIVE_JOBS") == 7
    change = RuntimeChange.objects.get()
    assert (change.before, change.after, change.reason, change.by_id) == (None, 7, "<b>More GPUs</b>", operator.pk)
    entry = AuditEntry.objects.get(event="setting.changed")
    assert (entry.actor, entry.detail["setting"], entry.detail["after"]) == (operator, "MAX_ACTIVE_JOBS", 7)
    shown = panel.get(page("MAX_ACTIVE_JOBS")).content.decode()
    assert "&lt;b&gt;More GPUs&lt;/b&gt;" in shown
    assert operator.email in shown
    assert panel.post(page("MAX_ACTIVE_JOBS"), {"value": "", "reason": "Back", "seen": "1"}).status_code == 302
    assert whole("MAX_ACTIVE_JOBS") == 5, "empty is the default of the environment"


@pytest.mark.parametrize(
    ("name", "typed", "field"),
    [
        ("MAX_ACTIVE_JOBS", {"value": "0"}, "value"),
        ("MAX_ACTIVE_JOBS", {"value": "99999999999999999999"}, "value"),
        ("MAX_ACTIVE_JOBS", {"value": "many"}, "value"),
        ("MAX_ACTIVE_JOBS", {"value": "1.5"}, "value"),
        ("UPLOADS_OPEN", {"value": "perhaps"}, "value"),
        ("UPLOADS_OPEN", {"value": "off", "reason": "   "}, "reason"),
        ("UPLOADS_OPEN", {"value": "off", "reason": "x" * 501}, "reason"),
        ("UPLOADS_OPEN", {"value": "off", "seen": "-1"}, "seen"),
        ("UPLOADS_OPEN", {"value": "off", "seen": ""}, "seen"),
    ],
)
def test_bad_values_are_refused_beside_their_field(panel: Client, name: str, typed: dict[str, str], field: str) -> None:
    answer = panel.post(page(name), {"reason": "Why", "seen": "0", **typed})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert not RuntimeChange.objects.exists()


def test_the_second_of_two_is_told_and_loses_nothing(panel: Client, operator: User) -> None:
    change_setting(staff=operator, name="RENDERS_OPEN", value=False, reason="Disk", seen=0)
    sent = {"value": "on", "reason": "What I typed", "seen": "0"}
    answer = panel.post(page("RENDERS_OPEN"), sent)
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "Somebody else has changed this meanwhile" in text
    assert "What I typed" in text
    assert "Disk" in text
    assert RuntimeChange.objects.count() == 1
    again = answer.context["form"]
    assert again["seen"].value() == 1
    assert panel.post(page("RENDERS_OPEN"), {**sent, "seen": "1"}).status_code == 302


def test_services_refuse_what_the_page_would(operator: User) -> None:
    with pytest.raises(NotFound):
        change_setting(staff=operator, name="SECRET_KEY", value=1, reason="Why", seen=0)
    with pytest.raises(ValidationFailed):
        change_setting(staff=operator, name="MAX_ACTIVE_JOBS", value=True, reason="Why", seen=0)
    with pytest.raises(Conflict):
        change_setting(staff=operator, name="MAX_ACTIVE_JOBS", value=3, reason="Why", seen=4)


def test_a_secret_is_no_setting(panel: Client) -> None:
    for name in ("SECRET_KEY", "DATABASES", "max_active_jobs"):
        assert panel.get(page(name)).status_code == 404
        assert panel.post(page(name), {"value": "1", "reason": "Why", "seen": "0"}).status_code == 404


@pytest.mark.parametrize("group", ["support", "finance", "moderation"])
def test_other_groups_neither_see_nor_change_them(make_user: UserFactory, group: str) -> None:
    user = make_user()
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    assert "/admin/system/settings/" not in client.get("/admin/").content.decode()
    for address in ("/admin/system/settings/", page("UPLOADS_OPEN")):
        assert client.get(address).status_code == 403
        assert client.post(address, {"value": "off", "reason": "Why", "seen": "0"}).status_code == 403
    assert not RuntimeChange.objects.exists()


def test_the_list_tells_each(panel: Client) -> None:
    text = panel.get("/admin/system/settings/").content.decode()
    for setting in runtime_settings.values():
        assert setting.title in text
    assert {setting.kind for setting in runtime_settings.values()} >= {SWITCH}


def switch_off(operator: User, name: str) -> None:
    change_setting(staff=operator, name=name, value=False, reason="Closed", seen=0)


def test_closed_registration_takes_nobody(operator: User, client: APIClient) -> None:
    switch_off(operator, "REGISTRATION_OPEN")
    answer = APIClient().post("/api/register", NEWCOMER, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "switched_off")
    assert answer.json()["data"] == {"switch": "registration_open"}
    assert not User.objects.filter(email=NEWCOMER["email"]).exists()


def test_closed_uploads_take_no_file(operator: User, client_of: Any) -> None:
    switch_off(operator, "UPLOADS_OPEN")
    clip = SimpleUploadedFile("clip.mp4", b"no video", content_type="video/mp4")
    answer = client_of(operator).post("/api/upload", {"attachment": clip, "type": "vid2vid"}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (422, "switched_off")
