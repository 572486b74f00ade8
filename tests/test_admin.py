"""The staff site without a browser: every page opens, no list is N+1, and nobody climbs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from accounts.models import LoginSession, User
from accounts.services import Device, open_session
from studio.models import MediaFile, ModelFile, Preset, RenderJob, Video
from tenants.scope import all_tenants
from tests.fixtures import PASSWORD, UserFactory

ROWS = {"studio.renderjob", "studio.video", "studio.mediafile", "studio.modelfile", "studio.preset", "accounts.user"}


@pytest.fixture
def administrator(make_user: UserFactory) -> User:
    return make_user(name="operator", role=User.Role.ADMINISTRATOR)


@pytest.fixture
def superuser(make_user: UserFactory) -> User:
    return make_user(name="chief", role=User.Role.SUPER_ADMINISTRATOR)


@pytest.fixture
def staff_client(administrator: User, client: Client) -> Client:
    client.force_login(administrator)
    return client


@pytest.fixture
def make_rows(make_user: UserFactory) -> Callable[[int], RenderJob]:
    """Makes one row of everything for each of so many users; answers the last render."""

    def make(start: int, count: int) -> RenderJob:
        for number in range(start, start + count):
            owner = make_user(name=f"maker{number}")
            model = ModelFile.objects.create(name=f"Model {number}", slug=f"model-{number}", location="none")
            mine = {"tenant": owner.tenant, "owner": owner}
            # Staff's own rows: the site looks across tenants.
            with all_tenants():
                Preset.objects.create(tenant=owner.tenant, name="Own", slug="own", settings={"zoom": "0:(1)"})
                file = MediaFile.objects.create(
                    **mine, kind="still", original_filename="a.png", mime_type="image/png", size=10, storage_key="a.png"
                )
                video = Video.objects.create(
                    **mine, type="deforum", status="failed", source=file, soundtrack=file, output=file
                )
                job = RenderJob.objects.create(
                    **mine, video=video, purpose="final", workflow="deforum", model_file=model, queue="low",
                    frames_total=3, parameters={"prompt": "a <b>bold</b> meadow"}, plan={"workflow": "deforum"},
                    status="failed", still=file, output=file, error="It was tested.",
                )  # fmt: skip
            open_session(user=owner, device=Device(user_agent="tester"))
        return job

    return make


def listed() -> list[str]:
    return sorted(model._meta.label_lower for model in admin.site._registry if model._meta.managed)


def page_of(model: str, view: str, *args: object) -> str:
    return reverse(f"admin:{model.replace('.', '_')}_{view}", args=args)


@pytest.mark.django_db
def test_every_registered_model_has_a_page_that_opens_and_can_be_searched(
    staff_client: Client, make_rows: Callable[..., RenderJob]
) -> None:
    make_rows(0, 1)
    assert set(listed()) >= ROWS
    for model in listed():
        for query in ("", "?q=meadow", "?q=1"):
            assert staff_client.get(page_of(model, "changelist") + query).status_code == 200, (model, query)
    assert staff_client.get("/admin/").status_code == 200
    with all_tenants():
        for model in ROWS:
            row = admin.site._registry[next(m for m in admin.site._registry if m._meta.label_lower == model)].model
            found = row._default_manager.first()
            answer = staff_client.get(page_of(model, "change", found.pk))
            assert answer.status_code == 200, model
            assert b"<b>bold</b>" not in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize("model", sorted(ROWS))
def test_no_list_asks_once_per_row(staff_client: Client, make_rows: Callable[..., RenderJob], model: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert staff_client.get(page_of(model, "changelist")).status_code == 200
        return len(asked)

    make_rows(0, 2)
    staff_client.get(page_of(model, "changelist"))
    few = queries()
    make_rows(2, 6)
    assert queries() == few


@pytest.mark.django_db
def test_the_site_is_for_staff(client: Client, user: User) -> None:
    client.force_login(user)
    answer = client.get(page_of("studio.renderjob", "changelist"))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


@pytest.mark.django_db
@pytest.mark.parametrize("model", ["studio.renderjob", "studio.video", "studio.mediafile"])
def test_what_services_write_can_only_be_looked_at(
    superuser: User, client: Client, make_rows: Callable[..., RenderJob], model: str
) -> None:
    client.force_login(superuser)
    job = make_rows(0, 1)
    pk = {"studio.renderjob": job.pk, "studio.video": job.video_id, "studio.mediafile": job.output_id}[model]
    for path in (page_of(model, "add"), page_of(model, "delete", pk)):
        assert client.post(path, {"post": "yes"}).status_code == 403
    assert client.post(page_of(model, "change", pk), {"status": "completed"}).status_code == 403
    with all_tenants():
        job.refresh_from_db()
        assert job.status == RenderJob.Status.FAILED
        assert MediaFile.objects.filter(pk=job.output_id).exists()


def user_form(user: User, **changes: object) -> dict[str, object]:
    form = {
        "email": user.email, "name": user.name, "is_active": "on", "role": user.role,
        "login_sessions-TOTAL_FORMS": 0, "login_sessions-INITIAL_FORMS": 0,
    }  # fmt: skip
    return {**form, **changes}


@pytest.mark.django_db
def test_an_administrator_gives_nobody_a_role(staff_client: Client, administrator: User, user: User) -> None:
    for target in (user, administrator):
        form = user_form(target, role=User.Role.SUPER_ADMINISTRATOR, name="Renamed")
        answer = staff_client.post(page_of("accounts.user", "change", target.pk), form)
        assert answer.status_code == 302
        role = target.role
        target.refresh_from_db()
        assert (target.name, target.role) == ("Renamed", role)


@pytest.mark.django_db
def test_a_super_administrator_does(client: Client, superuser: User, user: User) -> None:
    client.force_login(superuser)
    assert client.post(page_of("accounts.user", "change", user.pk), user_form(user, role=1)).status_code == 302
    user.refresh_from_db()
    assert user.role == User.Role.ADMINISTRATOR


@pytest.mark.django_db
def test_an_administrator_can_not_take_over_a_colleague(
    staff_client: Client, superuser: User, make_user: UserFactory
) -> None:
    for colleague in (superuser, make_user(role=User.Role.ADMINISTRATOR)):
        secret = {"password1": "another horse battery", "password2": "another horse battery"}
        answer = staff_client.post(reverse("admin:auth_user_password_change", args=[colleague.pk]), secret)
        assert answer.status_code == 403
        form = user_form(colleague, email="mine@example.com")
        assert staff_client.post(page_of("accounts.user", "change", colleague.pk), form).status_code == 403
        colleague.refresh_from_db()
        assert colleague.check_password(PASSWORD)
        assert colleague.email != "mine@example.com"


@pytest.mark.django_db
def test_a_new_password_ends_the_users_sessions(staff_client: Client, user: User) -> None:
    open_session(user=user, device=Device())
    weak = {"password1": "12345678", "password2": "12345678"}
    path = reverse("admin:auth_user_password_change", args=[user.pk])
    assert b"entirely numeric" in staff_client.post(path, weak).content
    assert LoginSession.objects.alive().filter(user=user).exists()

    strong = {"password1": "another horse battery", "password2": "another horse battery"}
    assert staff_client.post(path, strong).status_code == 302
    user.refresh_from_db()
    assert user.check_password("another horse battery")
    assert not LoginSession.objects.alive().filter(user=user).exists()


@pytest.mark.django_db
def test_a_new_address_is_unverified(staff_client: Client, user: User) -> None:
    User.objects.filter(pk=user.pk).update(email_verified_at="2026-01-01T00:00Z")
    assert (
        staff_client.post(
            page_of("accounts.user", "change", user.pk), user_form(user, email="Moved@Example.com")
        ).status_code
        == 302
    )
    user.refresh_from_db()
    assert (user.email, user.email_verified_at) == ("moved@example.com", None)


@pytest.mark.django_db
def test_sessions_are_ended_by_action(staff_client: Client, user: User, superuser: User) -> None:
    for person in (user, superuser):
        open_session(user=person, device=Device())
    form = {
        "action": "end_sessions",
        "_selected_action": [user.pk, superuser.pk],
        "confirmed": "1",
        "reason": "a lost phone",
    }
    assert staff_client.post(page_of("accounts.user", "changelist"), form).status_code == 302
    # An administrator has no say over a super administrator.
    assert list(LoginSession.objects.alive().values_list("user", flat=True)) == [superuser.pk]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("settings", "reason"),
    [('{"zoom": [1]}', b"zoom"), ('{"zooom": "0:(1)"}', b"zooom"), ("[1]", b"expected an object")],
)
def test_a_preset_that_could_not_be_rendered_is_refused(staff_client: Client, settings: str, reason: bytes) -> None:
    form = {"name": "Odd", "slug": "odd", "enabled": "on", "settings": settings}
    answer = staff_client.post(page_of("studio.preset", "add"), form)
    assert answer.status_code == 200
    assert reason in answer.content
    with all_tenants():
        assert not Preset.objects.exists()


@pytest.mark.django_db
def test_a_built_in_preset_is_added(staff_client: Client) -> None:
    form = {"name": "Pan", "slug": "pan", "enabled": "on", "settings": '{"translation_x": "0:(2)"}'}
    assert staff_client.post(page_of("studio.preset", "add"), form).status_code == 302
    with all_tenants():
        assert Preset.objects.get().tenant is None


def test_groups_are_not_offered() -> None:
    with pytest.raises(NoReverseMatch):
        reverse("admin:auth_group_changelist")
