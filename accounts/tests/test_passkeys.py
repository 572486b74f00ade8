"""Passkeys: what the staff site accepts as one, and all that it must not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from fido2.webauthn import AuthenticatorData
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from accounts.services import lockout, passkeys
from accounts.tests.authenticator import SoftAuthenticator
from tests.fixtures import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

FLAG = AuthenticatorData.FLAG


@pytest.fixture
def staff(make_user: UserFactory) -> User:
    return make_user(name="operator", role=User.Role.ADMINISTRATOR)


def browser_of(user: User | None = None) -> Client:
    client = Client(headers={"host": "testserver"})
    if user:
        client.force_login(user)
    return client


def begin(client: Client, password: str = PASSWORD, name: str = "Phone") -> Any:
    return client.post("/admin/security/passkeys/begin/", {"name": name, "password": password})


def add(client: Client, key: SoftAuthenticator, name: str = "Phone", **flags: int) -> Any:
    asked = begin(client).json()
    credential = key.create(asked["options"], **flags)
    return client.post(
        "/admin/security/passkeys/add/", {"name": name, "state": asked["state"], "credential": credential}
    )


def log_in(client: Client, state: str, credential: str) -> bool:
    form = {"state": state, "credential": credential, "next": "/admin/"}
    answer = client.post("/admin/login/?next=/admin/", form)
    assert answer.status_code in (200, 302)
    return "_auth_user_id" in client.session


def asked() -> dict[str, Any]:
    answer: dict[str, Any] = Client().post("/admin/login/passkey/").json()
    return answer


@pytest.fixture
def key(staff: User) -> SoftAuthenticator:
    """The passkey of ``staff``."""
    key = SoftAuthenticator()
    add(browser_of(staff), key)
    assert passkeys.passkeys_of(staff).count() == 1
    return key


def events(*names: str) -> list[tuple[str, Any]]:
    return list(AuditEntry.objects.filter(event__in=names).order_by("pk").values_list("event", "detail"))


def test_the_first_passkey_brings_recovery_codes(staff: User) -> None:
    client, key = browser_of(staff), SoftAuthenticator()
    page = add(client, key).content.decode()
    assert page.count("<li><code>") == 10
    assert "Phone" in page
    assert add(client, SoftAuthenticator(), "Laptop").status_code == 302, "they have some already"
    assert "<li><code>" not in client.get("/admin/security/").content.decode()
    assert events("passkey.added") == [
        ("passkey.added", {"name": "Phone"}),
        ("passkey.added", {"name": "Laptop"}),
    ]


def test_adding_takes_the_password(staff: User) -> None:
    client = browser_of(staff)
    refused = begin(client, "wrong password")
    assert (refused.status_code, list(refused.json()["data"])) == (422, ["password"])
    assert list(begin(client, name="").json()["data"]) == ["name"]
    for _ in range(lockout.FREE_ATTEMPTS):
        begin(client, "wrong password")
    assert begin(client).status_code == 429


def test_a_passkey_logs_in_without_password(staff: User, key: SoftAuthenticator) -> None:
    client, offer = browser_of(), asked()
    assert "allowCredentials" not in offer["options"]["publicKey"], "nobody is told who has one"
    assert log_in(client, offer["state"], key.get(offer["options"]))
    assert client.get("/admin/").status_code == 200
    assert passkeys.passkeys_of(staff).get().last_used_at is not None
    assert events("login") == [("login", {"site": "admin", "passkey": True})]


def test_an_answer_counts_once(key: SoftAuthenticator) -> None:
    offer = asked()
    credential = key.get(offer["options"])
    assert log_in(browser_of(), offer["state"], credential)
    assert not log_in(browser_of(), offer["state"], credential), "replayed"
    assert not log_in(browser_of(), asked()["state"], credential), "of another challenge"
    assert [detail for _, detail in events("login.failed")] == [{"site": "admin", "passkey": True}] * 2


def test_what_is_no_passkey_of_this_person_opens_nothing(
    staff: User, key: SoftAuthenticator, make_user: UserFactory
) -> None:
    def refused(credential: str) -> bool:
        return not log_in(browser_of(), offer["state"], credential)

    colleague, foreign = make_user(role=User.Role.ADMINISTRATOR), SoftAuthenticator()
    add(browser_of(colleague), foreign)
    foreign.user_handle = key.user_handle
    offer = asked()
    assert refused(foreign.get(offer["options"])), "another's passkey"
    foreign.id = key.id
    offer = asked()
    assert refused(foreign.get(offer["options"])), "under the name of this one's"
    for flags, why in ((FLAG.UP, "not opened by its owner"), (FLAG.UV, "nobody was there")):
        offer = asked()
        assert refused(key.get(offer["options"], flags=flags)), why
    key.origin = "https://testserver.evil.example"
    offer = asked()
    assert refused(key.get(offer["options"])), "made for another site"
    assert events("second_factor.failed") == [("second_factor.failed", {"passkey": True})] * 5


def test_what_is_malformed_is_refused(key: SoftAuthenticator, settings: Any) -> None:
    offer = asked()
    good = json.loads(key.get(offer["options"]))
    broken = [{**good, "rawId": None}, {**good, "response": []}, {"response": good["response"]}, [], None, "x", 1]
    broken += [{**good, "response": {**good["response"], name: "é\0"}} for name in good["response"]]
    texts = ["{", "[" * 5000, "\0", "x" * (passkeys.MAX_CREDENTIAL_LENGTH + 1), *map(json.dumps, broken)]
    for number, text in enumerate(texts):
        client = Client(REMOTE_ADDR=f"10.0.0.{number}")
        assert not log_in(client, asked()["state"], text), text[:80]
    assert not log_in(browser_of(), "nonsense", json.dumps(good))
    assert log_in(browser_of(), offer["state"], json.dumps(good)), "nothing of that used it up"


def test_an_old_challenge_is_refused(key: SoftAuthenticator, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = asked()
    monkeypatch.setattr(passkeys, "CHALLENGE_SECONDS", -1)
    assert not log_in(browser_of(), offer["state"], key.get(offer["options"]))


def test_guessing_is_locked_out(staff: User, key: SoftAuthenticator) -> None:
    stranger = SoftAuthenticator()
    stranger.user_handle = key.user_handle
    for _ in range(lockout.FREE_ATTEMPTS):
        offer = asked()
        assert not log_in(browser_of(), offer["state"], stranger.get(offer["options"]))
    offer = asked()
    assert not log_in(browser_of(), offer["state"], key.get(offer["options"]))
    assert len(events("login.failed")) == lockout.FREE_ATTEMPTS
    assert len(events("login.locked")) == 1
    elsewhere = Client(REMOTE_ADDR="10.1.2.3")
    assert log_in(elsewhere, offer["state"], key.get(offer["options"])), "only from where the guesses came"


def test_adding_refuses_what_was_not_asked_for(staff: User, make_user: UserFactory) -> None:
    client, key = browser_of(staff), SoftAuthenticator()

    def added(state: str, credential: str) -> bool:
        form = {"name": "Key", "state": state, "credential": credential}
        assert client.post("/admin/security/passkeys/add/", form).status_code in (200, 302, 422)
        return bool(passkeys.passkeys_of(staff).count())

    login = asked()
    pretended = {"publicKey": {**begin(client).json()["options"]["publicKey"], **login["options"]["publicKey"]}}
    assert not added(login["state"], key.create(pretended)), "a challenge that no password was given for"
    others = begin(browser_of(make_user(role=User.Role.ADMINISTRATOR))).json()
    assert not added(others["state"], key.create(others["options"])), "another's challenge"
    mine = begin(client).json()
    assert not added(mine["state"], key.create(mine["options"], flags=FLAG.UP)), "not opened by its owner"
    assert not added(mine["state"], key.create(mine["options"])), "the challenge is used up"
    mine = begin(client).json()
    credential = json.loads(key.create(mine["options"]))
    credential["response"]["attestationObject"] = "AAAA"
    assert not added(mine["state"], json.dumps(credential))
    mine = begin(client).json()
    assert added(mine["state"], key.create(mine["options"]))


def test_there_is_an_end_to_them(staff: User, key: SoftAuthenticator) -> None:
    row = passkeys.passkeys_of(staff).get()
    Authenticator.objects.bulk_create(
        Authenticator(user=staff, type=row.type, data=row.data) for _ in range(passkeys.MAX_PASSKEYS - 1)
    )
    assert begin(browser_of(staff)).json()["code"] == "too_many_passkeys"


def test_rename_and_remove(staff: User, key: SoftAuthenticator, make_user: UserFactory) -> None:
    pk, client = passkeys.passkeys_of(staff).get().pk, browser_of(staff)
    path = f"/admin/security/passkeys/{pk}"
    colleague = browser_of(make_user(role=User.Role.ADMINISTRATOR))
    assert colleague.post(f"{path}/rename/", {"name": "Mine"}).status_code == 404
    assert colleague.post(f"{path}/remove/", {"password": PASSWORD}).status_code == 404
    assert client.post(f"{path}/rename/", {"name": "Old phone"}).status_code == 302
    assert "Old phone" in client.get("/admin/security/").content.decode()
    assert client.post(f"{path}/remove/", {"password": "wrong password"}).status_code == 422
    assert client.post(f"{path}/remove/", {"password": PASSWORD}).status_code == 302
    assert not Authenticator.objects.exists(), "the recovery codes went with the last one"
    assert events("passkey.renamed", "passkey.removed") == [
        ("passkey.renamed", {"before": "Phone", "name": "Old phone"}),
        ("passkey.removed", {"name": "Old phone"}),
    ]
    offer = asked()
    assert not log_in(browser_of(), offer["state"], key.get(offer["options"]))


def test_with_a_passkey_the_password_alone_is_not_enough(
    staff: User, key: SoftAuthenticator, anonymous: APIClient
) -> None:
    form, client = {"username": staff.email, "password": PASSWORD}, browser_of()
    answer = client.post("/admin/login/?next=/admin/", form)
    assert "second factor" in answer.content.decode()
    assert "_auth_user_id" not in client.session
    codes = browser_of(staff).post("/admin/security/recovery-codes/renew/", {"password": PASSWORD})
    code = codes.content.decode().partition("<li><code>")[2][:8]
    assert client.post("/admin/login/?next=/admin/", {**form, "code": code}).status_code == 302
    data = anonymous.post("/api/login", {"email": staff.email, "password": PASSWORD}).json()["data"]
    assert data["two_factor"] is True


def test_a_passkey_of_nobody_who_may_come_in_opens_nothing(staff: User, key: SoftAuthenticator) -> None:
    for changes in ({"is_active": False}, {"is_active": True, "role": User.Role.USER}):
        User.objects.filter(pk=staff.pk).update(**changes)
        offer = asked()
        assert not log_in(browser_of(), offer["state"], key.get(offer["options"])), changes
    User.objects.filter(pk=staff.pk).update(role=User.Role.ADMINISTRATOR)
    offer = asked()
    assert log_in(browser_of(), offer["state"], key.get(offer["options"]))


def test_challenges_are_not_kept_for_strangers(db: None) -> None:
    client = Client()
    client.post("/admin/login/passkey/")
    assert not client.cookies, "no session for everybody who asks"
    assert Client(enforce_csrf_checks=True).post("/admin/login/passkey/").status_code == 403
    assert cache.get("passkeys:used:") is None
