"""The staff's site holds pages of ours alone, and no door leads from an administrator to a super administrator."""

from __future__ import annotations

from collections.abc import Callable

import django_rq
import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.conf import settings as django_settings
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, reverse
from rest_framework.test import APIClient

from accounts.models import LoginSession, User
from accounts.services import Device, open_session
from config.staff_pages import StaffPage
from tests.fixtures import UserFactory

OURS = {"accounts", "commerce", "config", "effects", "gallery", "messaging", "studio", "support", "tenants"}
FOREIGN = (
    "account_emailaddress", "account_emailconfirmation", "auth_group", "django_rq_dashboard", "sites_site",
    "socialaccount_socialtoken",
)  # fmt: skip


def test_every_registered_page_is_ours() -> None:
    pages = admin.site._registry
    assert len(pages) > 20
    for model, page in pages.items():
        assert isinstance(page, StaffPage), model
        assert type(page).__module__.split(".")[0] in OURS, model
        for inline in page.inlines:
            assert inline.__module__.split(".")[0] in OURS, inline


@pytest.mark.parametrize("name", FOREIGN)
def test_pages_of_other_packages_are_not_there(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:{name}_changelist")


def test_a_page_of_another_package_is_not_taken() -> None:
    class ForeignPage(admin.ModelAdmin):
        pass

    admin.site.register(EmailAddress, ForeignPage)
    admin.site.register(EmailAddress)
    assert EmailAddress not in admin.site._registry


@pytest.fixture
def administrator(make_user: UserFactory) -> User:
    return make_user(name="operator", role=User.Role.ADMINISTRATOR)


@pytest.fixture
def chief(make_user: UserFactory) -> User:
    return make_user(name="chief", role=User.Role.SUPER_ADMINISTRATOR)


@pytest.fixture
def browser(administrator: User, client: Client) -> Client:
    client.force_login(administrator)
    return client


@pytest.mark.django_db
class TestCredentials:
    def test_no_administrator_ties_an_identity_to_anybody(self, browser: Client, chief: User) -> None:
        form = {"user": chief.pk, "provider": "github", "uid": "666", "extra_data": "{}"}
        assert browser.post("/admin/socialaccount/socialaccount/add/", form).status_code == 403
        mine = SocialAccount.objects.create(user=browser_user(browser), provider="github", uid="667")
        path = f"/admin/socialaccount/socialaccount/{mine.pk}"
        assert browser.post(f"{path}/change/", form).status_code == 403
        assert browser.post(f"{path}/delete/", {"post": "yes"}).status_code == 403
        mine.refresh_from_db()
        assert mine.user != chief
        assert SocialAccount.objects.count() == 1

    def test_nor_does_a_super_administrator_who_may_untie(self, client: Client, chief: User, user: User) -> None:
        client.force_login(chief)
        tie = SocialAccount.objects.create(user=user, provider="github", uid="1")
        path = f"/admin/socialaccount/socialaccount/{tie.pk}"
        assert client.get(f"{path}/change/").status_code == 200
        form = {"user": chief.pk, "provider": "github", "uid": "2", "extra_data": "{}"}
        assert client.post(f"{path}/change/", form).status_code == 403
        assert client.post("/admin/socialaccount/socialaccount/add/", form).status_code == 403
        assert client.post(f"{path}/delete/", {"post": "yes"}).status_code == 302
        assert not SocialAccount.objects.exists()

    def test_issuers_are_super_administrators_business(self, browser: Client, client: Client, chief: User) -> None:
        values = {"provider": "openid_connect", "provider_id": "mine", "name": "Mine", "client_id": "x"}
        form = {**values, "secret": "hush", "key": "", "settings": '{"server_url": "https://evil.example"}'}
        assert browser.post("/admin/socialaccount/socialapp/add/", form).status_code == 403
        issuer = SocialApp.objects.create(**values, secret="hush hush", settings={"server_url": "https://good.example"})
        path = f"/admin/socialaccount/socialapp/{issuer.pk}/change/"
        assert browser.post(path, form).status_code == 403
        assert b"hush" not in browser.get(path).content
        client.force_login(chief)
        assert client.post(path, {**form, "name": "Renamed"}).status_code == 302
        issuer.refresh_from_db()
        assert issuer.name == "Renamed"

    def test_second_factors_are_reset_by_super_administrators(self, browser: Client, chief: User, user: User) -> None:
        for person in (chief, user):
            factor = Authenticator.objects.create(user=person, type="totp", data={"secret": "x"})
            answer = browser.post(f"/admin/mfa/authenticator/{factor.pk}/delete/", {"post": "yes"})
            assert answer.status_code == 403
        assert Authenticator.objects.count() == 2


@pytest.mark.django_db
def test_no_door_leads_to_a_super_administrator(
    browser: Client, administrator: User, chief: User, client_of: Callable[[User], APIClient]
) -> None:
    open_session(user=chief, device=Device())
    api = client_of(administrator)
    before = User.objects.filter(pk=chief.pk).values().get()
    page = f"/admin/accounts/user/{chief.pk}"
    secret = {"password1": "another horse battery", "password2": "another horse battery"}
    sessions = {"login_sessions-TOTAL_FORMS": 0, "login_sessions-INITIAL_FORMS": 0}
    form = {"email": "mine@example.com", "name": "x", **sessions}
    refused = [
        browser.post(f"{page}/change/", form),
        browser.post(f"{page}/delete/", {"post": "yes"}),
        browser.post(f"{page}/password/", secret),
        api.patch("/api/administration/change-user-data", {"id": chief.pk, "email": "mine@example.com"}),
        api.patch("/api/administration/change-user-data", {"id": chief.pk, "login": "x"}),
        api.patch("/api/administration/admin-reset-user-password", {"id": chief.pk}),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    for action in ("end_sessions", "delete_selected"):
        browser.post("/admin/accounts/user/", {"action": action, "_selected_action": [chief.pk], "post": "yes"})
    assert User.objects.filter(pk=chief.pk).values().get() == before
    assert LoginSession.objects.alive().filter(user=chief).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("role", [User.Role.USER, User.Role.ADMINISTRATOR])
def test_the_owner_of_a_workspace_has_no_say_over_staff_above(
    role: int, make_user: UserFactory, client_of: Callable[[User], APIClient], chief: User
) -> None:
    owner = make_user(name="owner", tenant=chief.tenant, role=role)
    client = client_of(owner)
    assert client.patch(f"/api/tenant/members/{chief.pk}", {"role": "member"}).status_code == 403
    assert client.delete(f"/api/tenant/members/{chief.pk}").status_code == 403
    chief.refresh_from_db()
    assert (chief.is_active, chief.tenant_role) == (True, "owner")


@pytest.mark.django_db
class TestQueues:
    def test_administrators_look_and_super_administrators_act(
        self, browser: Client, client: Client, chief: User
    ) -> None:
        queue = django_rq.get_queue(django_settings.BACKGROUND_QUEUE, commit_mode="auto")
        queue.empty()
        job = queue.enqueue("accounts.tasks.mail_verification", 0)
        index = list(django_settings.RQ_QUEUES).index(django_settings.BACKGROUND_QUEUE)
        for path in ("/django-rq/", "/django-rq/stats.json", f"/django-rq/queues/{index}/{job.id}/"):
            assert browser.get(path).status_code == 200
        for act in (f"{job.id}/delete/", f"{job.id}/requeue/", f"{job.id}/stop/", "empty/", "requeue-all/"):
            assert browser.post(f"/django-rq/queues/{index}/{act}").status_code == 403
        body = {"action": "delete", "job_ids": [job.id]}
        assert browser.post(f"/django-rq/queues/actions/{index}/", body).status_code == 403
        assert queue.count == 1
        client.force_login(chief)
        assert client.post(f"/django-rq/queues/{index}/{job.id}/delete/").status_code == 302
        assert queue.count == 0

    def test_nobody_else_sees_them(self, client: Client, user: User) -> None:
        for path in ("/django-rq/", "/django-rq/stats.json"):
            assert client.get(path).status_code == 302
        client.force_login(user)
        for path in ("/django-rq/", "/django-rq/stats.json"):
            assert client.get(path).status_code == 302
        assert client.get("/django-rq/stats.json/anything").status_code == 404


def browser_user(browser: Client) -> User:
    return User.objects.get(pk=browser.session["_auth_user_id"])
