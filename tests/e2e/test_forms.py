"""Every form page in a real browser, from the mail's link to what it changes, and what a second factor asks for."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.tokens import default_token_generator
from django.utils import timezone
from playwright.sync_api import Page, Request, expect

from accounts.models import Invitation, User
from accounts.services.members import invitation_token
from accounts.services.verification import verification_hash
from accounts.tests.test_second_factor import code
from support import services as support
from support.services.links import follow_token
from tenants.scope import tenant_scope
from tests.fixtures import PASSWORD, UserFactory

NEW = "a quite different sentence"


@pytest.fixture
def secret(user: User) -> str:
    """Of the authenticator app that ``user`` has set up."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret


@pytest.fixture
def staff(make_user: UserFactory) -> User:
    return make_user(name="operator", role=User.Role.ADMINISTRATOR)


def log_in(page: Page, user: User, password: str = PASSWORD) -> None:
    page.goto("/admin/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#site-name")).to_have_text("Mage AI Studio")


class TestLinksOfMails:
    @pytest.fixture(autouse=True)
    def _no_leak(self, page: Page) -> None:
        """The link's token is told to nobody else, as a link in the page or a picture of another site would be."""
        page.on("request", self._check)

    @staticmethod
    def _check(request: Request) -> None:
        origin = "/".join(request.url.split("/")[:3])
        assert request.headers.get("referer", origin).startswith(origin)

    def test_choosing_a_new_password(self, page: Page, user: User) -> None:
        query = urlencode({"email": user.email, "token": default_token_generator.make_token(user)})
        page.goto(f"/reset-password?{query}")
        page.get_by_label("Password", exact=False).first.fill(NEW)
        page.get_by_label("The same again").fill("something else")
        page.get_by_role("button", name="Choose a new password").click()
        expect(page.get_by_role("alert")).to_contain_text("does not match")
        page.get_by_label("Password", exact=False).first.fill(NEW)
        page.get_by_label("The same again").fill(NEW)
        page.get_by_role("button", name="Choose a new password").click()
        expect(page.get_by_role("status")).to_have_text("Your password is changed.")
        assert User.objects.get(pk=user.pk).check_password(NEW)

    def test_confirming_an_address(self, page: Page, user: User) -> None:
        page.goto(f"/verify-email?{urlencode({'id': user.pk, 'hash': verification_hash(user)})}")
        page.get_by_role("button", name="Confirm this address").click()
        expect(page.get_by_role("status")).to_have_text("Thank you.")
        assert User.objects.get(pk=user.pk).email_verified_at is not None

    def test_joining_a_workspace(self, page: Page, user: User) -> None:
        with tenant_scope(user.tenant):
            until = timezone.now() + timedelta(days=1)
            invitation = Invitation.objects.create(
                email="ann@example.com", role="member", invited_by=user, expires_at=until
            )
        page.goto(f"/invitation?{urlencode({'token': invitation_token(invitation)})}")
        page.get_by_label("Name").fill("Ann")
        page.get_by_label("Password", exact=False).first.fill(NEW)
        page.get_by_label("The same again").fill(NEW)
        page.get_by_role("button", name="Join").click()
        expect(page.get_by_role("status")).to_contain_text("You are in")
        assert User.objects.get(email="ann@example.com").tenant_id == user.tenant_id

    def test_following_a_support_request(self, page: Page) -> None:
        request = support.file_anonymous_request(
            text="It does not play.", subject=8, login="Eve", email="eve@example.com"
        )
        page.goto(f"/support/requests/{follow_token(request)}")
        page.get_by_role("textbox").fill("And now it does.")
        page.get_by_role("button").first.click()
        expect(page.get_by_text("And now it does.")).to_be_visible()


class TestStaff:
    def test_the_login_with_a_code(self, page: Page, staff: User) -> None:
        secret = generate_totp_secret()
        TOTP.activate(staff, secret)
        page.goto("/admin/")
        page.get_by_label("Email").fill(staff.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_label("Code").fill(code(secret))
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("#site-name")).to_have_text("Mage AI Studio")

    def test_the_own_password(self, page: Page, staff: User) -> None:
        log_in(page, staff)
        page.goto("/admin/password_change/")
        page.locator("#id_old_password").fill("not it")
        page.locator("#id_new_password1").fill(NEW)
        page.locator("#id_new_password2").fill(NEW)
        page.locator("#content-main").get_by_role("button", name="Change password").click()
        expect(page.get_by_text("The current password is wrong.")).to_be_visible()
        page.locator("#id_old_password").fill(PASSWORD)
        page.locator("#id_new_password1").fill(NEW)
        page.locator("#id_new_password2").fill(NEW)
        page.locator("#content-main").get_by_role("button", name="Change password").click()
        expect(page.get_by_text("Your password was changed.")).to_be_visible()
        page.goto("/admin/")
        expect(page.get_by_role("link", name="Account security")).to_be_visible()
        assert User.objects.get(pk=staff.pk).check_password(NEW)

    def test_anothers_password_and_name(self, page: Page, staff: User, user: User) -> None:
        log_in(page, staff)
        page.goto(f"/admin/accounts/user/{user.pk}/password/")
        page.locator("#id_password1").fill(NEW)
        page.locator("#id_password2").fill(NEW)
        page.locator("#content-main").get_by_role("button", name="Change password").click()
        expect(page.get_by_text("Password changed successfully.")).to_be_visible()
        page.goto(f"/admin/accounts/user/{user.pk}/change/")
        User.objects.filter(pk=user.pk).update(is_active=False)
        page.locator("#id_name").fill("Renamed")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator(".messagelist .success")).to_be_visible()
        row = User.objects.get(pk=user.pk)
        assert (row.name, row.is_active, row.check_password(NEW)) == ("Renamed", False, True)

    def test_the_authenticator_app_on_the_security_page(self, page: Page, staff: User) -> None:
        log_in(page, staff)
        page.goto("/admin/security/")
        form = page.locator("form[action$='app/begin/']")
        form.get_by_label("Your password").fill(PASSWORD)
        form.get_by_role("button").click()
        confirm = page.locator("form[action$='app/confirm/']")
        confirm.get_by_label("Code of the app").fill(code(page.locator("code").first.inner_text()))
        confirm.get_by_role("button").click()
        expect(page.locator(".codes li")).to_have_count(10)
        recovery = page.locator(".codes li").first.inner_text()
        remove = page.locator("form[action$='app/remove/']")
        remove.get_by_label("Code of the app").fill(recovery)
        remove.get_by_role("button").click()
        expect(page.get_by_text("The authenticator app was removed.")).to_be_visible()
        assert not Authenticator.objects.filter(user=staff).exists()


class TestSecondFactor:
    """At the gallery and the console."""

    def sign_in(self, page: Page, user: User) -> None:
        page.get_by_label("E-mail").fill(user.email)
        page.locator("#password").fill(PASSWORD)
        page.locator("#sign-in-form").get_by_role("button", name="Sign in").click()

    def test_the_gallery_asks_for_the_code(self, page: Page, user: User, secret: str) -> None:
        page.goto("/gallery")
        page.get_by_role("button", name="Sign in").first.click()
        self.sign_in(page, user)
        field = page.get_by_label("Code", exact=True)
        expect(field).to_be_focused()
        expect(page.locator("#password")).to_be_hidden()
        assert page.evaluate("Object.values(sessionStorage)") == []
        field.fill("000000")
        page.keyboard.press("Enter")
        expect(page.locator("#sign-in-error")).to_contain_text("This code is wrong")
        field.fill(code(secret))
        page.keyboard.press("Enter")
        expect(page.locator("#session")).to_have_text("Sign out")
        [token] = page.evaluate("Object.values(sessionStorage)")
        assert token.count(".") == 2
        page.get_by_role("button", name="Sign out").click()
        expect(page.locator("#session")).to_have_text("Sign in")

    def test_a_challenge_that_is_void_begins_anew(self, page: Page, user: User, secret: str) -> None:
        page.goto("/gallery")
        page.get_by_role("button", name="Sign in").first.click()
        self.sign_in(page, user)
        expect(page.get_by_label("Code", exact=True)).to_be_visible()
        other = User.objects.get(pk=user.pk)
        other.set_password(NEW)
        other.save(update_fields=["password"])
        page.get_by_label("Code", exact=True).fill(code(secret))
        page.keyboard.press("Enter")
        expect(page.locator("#sign-in-error")).to_contain_text("start again")
        expect(page.locator("#password")).to_be_visible()

    def test_the_console_asks_for_the_code(self, page: Page, user: User, secret: str) -> None:
        page.goto("/deforumation-qt")
        page.get_by_role("button", name="Sign in").click()
        self.sign_in(page, user)
        page.get_by_label("Code", exact=True).fill(RecoveryCodes(_codes_of(user)).get_unused_codes()[0])
        page.keyboard.press("Enter")
        expect(page.locator("#account")).to_have_text(user.name)

    def test_the_console_without_one(self, page: Page, user: User) -> None:
        page.goto("/deforumation-qt")
        page.get_by_role("button", name="Sign in").click()
        self.sign_in(page, user)
        expect(page.locator("#account")).to_have_text(user.name)


def _codes_of(user: User) -> Authenticator:
    return Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES)
