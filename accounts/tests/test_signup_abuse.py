"""What somebody would do in a loop: register for credits, mail strangers in our name, try staff's passwords."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Allowance, Invitation, User
from accounts.services import lockout
from accounts.services.names import LENGTH, shown_name
from accounts.services.verification import verification_hash
from accounts.tests.mailbox import Mailbox, work
from tenants.scope import all_tenants
from tests.fixtures import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

CREDITS = django_settings.SIGNUP_CREDITS
PER_ADDRESS = django_settings.SIGNUP_CREDITS_PER_ADDRESS


def register(email: str, client: APIClient) -> APIClient:
    body = {"email": email, "password": PASSWORD, "password_confirmation": PASSWORD}
    data = client.post("/api/auth/register", body).json()["data"]
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {data['token']}")


def balance(client: APIClient) -> int:
    return client.get("/api/wallet").json()["data"]["balance"]


def verify(email: str, client: APIClient) -> None:
    user = User.objects.get(email=email)
    answer = client.post("/api/auth/verify-email", {"id": user.pk, "hash": verification_hash(user)})
    assert answer.status_code == 200


class TestSignupCredits:
    def test_forty_accounts_of_one_address_are_not_forty_gifts(self, anonymous: APIClient) -> None:
        accounts = [register(f"many{number}@example.com", anonymous) for number in range(40)]
        given = [balance(account) for account in accounts]
        assert given == [CREDITS] * PER_ADDRESS + [0] * (40 - PER_ADDRESS)
        assert balance(register("elsewhere@example.com", APIClient(REMOTE_ADDR="10.9.8.7"))) == CREDITS

    def test_a_proven_mailbox_brings_them_once(self, anonymous: APIClient, settings: Any) -> None:
        settings.SIGNUP_CREDITS_PER_ADDRESS = 0
        account = register("ann@example.com", anonymous)
        assert balance(account) == 0
        for _ in range(2):
            verify("ann@example.com", anonymous)
            assert balance(account) == CREDITS
        second = register("ann+2@example.com", anonymous)
        verify("ann+2@example.com", anonymous)
        assert balance(second) == 0, "the same mailbox"

    def test_an_account_that_ends_and_begins_again_is_no_new_one(self, anonymous: APIClient, settings: Any) -> None:
        settings.SIGNUP_CREDITS_PER_ADDRESS = 0
        account = register("ann@example.com", anonymous)
        verify("ann@example.com", anonymous)
        assert balance(account) == CREDITS
        User.objects.filter(email="ann@example.com").update(email="deleted@deleted.invalid")
        again = register("ann@example.com", anonymous)
        verify("ann@example.com", anonymous)
        assert balance(again) == 0

    def test_an_address_of_ipv6_is_the_network_of_its_subscriber(self, settings: Any) -> None:
        settings.SIGNUP_CREDITS_PER_ADDRESS = 1
        addresses = ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1")
        accounts = [
            register(f"six{place}@example.com", APIClient(REMOTE_ADDR=it)) for place, it in enumerate(addresses)
        ]
        assert [balance(account) for account in accounts] == [CREDITS, 0, CREDITS]

    def test_the_month_passes(self, anonymous: APIClient, settings: Any) -> None:
        settings.SIGNUP_CREDITS_PER_ADDRESS = 1
        assert [balance(register(f"{name}@example.com", anonymous)) for name in "ab"] == [CREDITS, 0]
        for row in Allowance.objects.all():
            row.since -= timedelta(days=30)
            row.save(update_fields=["since"])
        assert balance(register("c@example.com", anonymous)) == CREDITS


class TestStaffLogin:
    def post(self, email: str, password: str = "wrong", address: str = "10.0.0.1") -> Any:
        form = {"username": email, "password": password, "next": "/admin/"}
        return Client(REMOTE_ADDR=address).post("/admin/login/", form)

    def test_many_accounts_from_one_address_have_an_end(self, make_user: UserFactory) -> None:
        staff = make_user(name="chief", role=User.Role.SUPER_ADMINISTRATOR)
        refused = [b"Too many failed attempts" in self.post(f"guess{n}@example.com").content for n in range(60)]
        free = lockout.FREE_ATTEMPTS * lockout.ADDRESS_FACTOR
        assert refused == [False] * free + [True] * (60 - free)
        assert b"Too many failed attempts" in self.post(staff.email, PASSWORD).content
        assert self.post(staff.email, PASSWORD, "10.0.0.2").status_code == 302, "elsewhere it is free"

    def test_the_right_password_forgives_its_own_attempt_alone(self, make_user: UserFactory) -> None:
        staff = make_user(name="chief", role=User.Role.SUPER_ADMINISTRATOR)
        free = lockout.FREE_ATTEMPTS * lockout.ADDRESS_FACTOR
        for number in range(free - 1):
            assert self.post(staff.email, PASSWORD).status_code == 302
            assert self.post(f"guess{number}@example.com").status_code == 200
        self.post("one-more@example.com")
        assert b"Too many failed attempts" in self.post("another@example.com").content


class TestInvitations:
    def test_the_mail_says_nothing_of_the_senders(
        self,
        user: User,
        api: APIClient,
        mailbox: Mailbox,
        django_capture_on_commit_callbacks: Callable[..., Any],
    ) -> None:
        lure = "You won!\r\nBcc: x@y.example\nhttps://evil.example/x www.evil.example evil。example <a href=//evil> "
        User.objects.filter(pk=user.pk).update(name=lure + "n" * 100)
        user.tenant.name = lure
        user.tenant.save(update_fields=["name"])
        with django_capture_on_commit_callbacks(execute=True):
            assert api.post("/api/tenant/invitations", {"email": "ann@example.com"}).status_code == 201
        work()
        [mail] = mailbox.mails
        assert mail["Subject"] == "You are invited to a workspace"
        assert mailbox.recipients == ["ann@example.com"]
        for kind in ("plain", "html"):
            text = mail.get_body((kind,)).get_content()
            for bait in ("evil.example", "evil。", "://evil", "//evil", "www.", "Bcc:", "n" * 100):
                assert bait not in text

    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("Ann Lee", "Ann Lee"),
            ("Dr. Zoë O'Neil-Łuk & Söhne", "Dr. Zoë O'Neil-Łuk & Söhne"),
            ("北京 工作室", "北京 工作室"),
            ("a\nb\u202ec\x00d", "a b c d"),
            ("http://evil.com/a?b=c", "evil com a b c"),
            ("evil.com", "evil com"),
            ("mailto:me@evil.com", "me evil com"),
            ("ｅｖｉｌ．ｃｏｍ", "evil com"),
            ("[click](evil)", "click evil"),
            ("javascript:alert(1)", "alert 1"),
            ("", ""),
        ],
    )
    def test_names_in_mails_are_names(self, name: str, shown: str) -> None:
        assert shown_name(name) == shown

    def test_long_names_are_cut(self) -> None:
        assert len(shown_name("word " * 100)) <= LENGTH

    def test_a_workspace_invites_so_many_a_day(self, api: APIClient, settings: Any) -> None:
        settings.INVITATIONS_PER_TENANT = 3
        invite = lambda number: api.post("/api/tenant/invitations", {"email": f"a{number}@example.com"})  # noqa: E731
        assert [invite(number).status_code for number in range(3)] == [201] * 3
        refused = invite(3)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_invitations")
        assert int(refused.headers["Retry-After"]) > 3600
        with all_tenants():
            assert Invitation.objects.count() == 3

    def test_nobody_is_flooded_by_many_workspaces(
        self, make_user: UserFactory, client_of: Callable[[User], APIClient], settings: Any
    ) -> None:
        settings.INVITATIONS_PER_RECIPIENT = 2
        body = {"email": "Ann@example.com"}
        owners = [client_of(make_user()) for _ in range(3)]
        answers = [owner.post("/api/tenant/invitations", body) for owner in owners]
        assert [answer.status_code for answer in answers] == [201, 201, 429]
        assert owners[0].post("/api/tenant/invitations", {"email": "bob@example.com"}).status_code == 201
