"""The catalogue's work in the panel: fetch, check, switch, try models; preview and test effects."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, User
from config.api.errors import Conflict, DomainError, ValidationFailed
from effects.models import Effect
from effects.services import create_effect, delete_effect
from studio.models import CatalogueTask, ModelFile, RenderJob
from studio.rendering.models.tests.local_hub import serving
from studio.services.catalogue import switches, tasks
from tenants.scope import all_tenants
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

FETCH = {
    "repo_id": "someone/tiny", "revision": "main", "model_type": "checkpoint", "family": "sd15", "name": "Fetched",
    "slug": "", "reason": "Asked for",
}  # fmt: skip
PAGE = "/admin/catalogue/fetch/"


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


@pytest.fixture
def effect(tiny_model: ModelFile) -> Effect:
    values = {
        "name": "Oil", "slug": "oil", "type": Effect.Type.VIDEO_TRANSFORM, "parameters": {"prompt": "oil painting"},
        "credits_cost": 1,
    }  # fmt: skip
    return create_effect(values=values)


def act(row: ModelFile | Effect | CatalogueTask, verb: str) -> str:
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/act/{verb}/"


def jobs() -> list[RenderJob]:
    with all_tenants():
        return list(RenderJob.objects.select_related("owner", "video", "model_file"))


class TestFetching:
    def test_from_the_page_to_a_model_that_is_checked_and_switched_off(
        self, panel: Client, tiny_model_dir: str, settings: Any
    ) -> None:
        answer = panel.post(PAGE, FETCH)
        task = CatalogueTask.objects.get()
        assert answer["Location"] == f"/admin/studio/cataloguetask/{task.pk}/change/"
        assert (task.subject, task.status) == ("fetched", "queued")
        with serving(Path(django_settings.MODEL_DIR) / tiny_model_dir) as hub:
            settings.HF_ENDPOINT = hub.endpoint
            tasks.run_task(task.pk)
        task.refresh_from_db()
        assert (task.status, task.done) == ("done", task.total)
        assert task.total > 0
        model = ModelFile.objects.get(slug="fetched")
        assert (model.name, model.enabled) == ("Fetched", False)
        assert panel.post(act(model, "check")).status_code == 302
        assert panel.post(act(model, "enable"), {"reason": "Good"}).status_code == 302
        model.refresh_from_db()
        assert model.enabled
        assert panel.get(answer["Location"]).status_code == 200
        assert AuditEntry.objects.get(event="catalogue.fetch").detail["reason"] == "Asked for"

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"repo_id": "../../etc/passwd"}, "repo_id"),
            ({"repo_id": "http://169.254.169.254/x"}, "repo_id"),
            ({"repo_id": "a/.."}, "repo_id"),
            ({"repo_id": "nobody"}, "repo_id"),
            ({"repo_id": ""}, "repo_id"),
            ({"revision": "../main"}, "revision"),
            ({"slug": "../../outside"}, "slug"),
            ({"slug": "tiny"}, "slug"),
            ({"slug": "own"}, "slug"),
            ({"name": "日本", "slug": ""}, "slug"),
            ({"family": "sd99"}, "family"),
            ({"model_type": "pickle"}, "model_type"),
            ({"reason": " "}, "reason"),
        ],
    )
    def test_bad_wishes_are_refused_beside_their_field(self, panel: Client, change: dict[str, str], field: str) -> None:
        ModelFile.objects.create(name="Own", slug="own", location="builtin:")
        ModelFile.objects.create(name="Tiny", slug="tiny", location="elsewhere")
        answer = panel.post(PAGE, {**FETCH, **change})
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
        assert "someone/tiny" in answer.content.decode() or field == "repo_id", "what was typed stays"
        assert not CatalogueTask.objects.exists()

    def test_the_second_who_asks_is_told(self, panel: Client) -> None:
        panel.post(PAGE, FETCH)
        answer = panel.post(PAGE, FETCH)
        assert answer.status_code == 409
        assert "under way" in answer.content.decode()
        assert CatalogueTask.objects.count() == 1

    def test_what_failed_says_why_and_can_be_tried_again(
        self, panel: Client, tiny_model_dir: str, settings: Any
    ) -> None:
        panel.post(PAGE, {**FETCH, "repo_id": "someone/else"})
        task = CatalogueTask.objects.get()
        with serving(Path(django_settings.MODEL_DIR) / tiny_model_dir) as hub:
            settings.HF_ENDPOINT = hub.endpoint
            tasks.run_task(task.pk)
        task.refresh_from_db()
        assert task.status == "failed"
        assert "someone/else" in task.message
        assert not ModelFile.objects.exists()
        assert panel.post(act(task, "again"), {"reason": "The hub is back"}).status_code == 302
        assert list(CatalogueTask.objects.values_list("status", flat=True)) == ["queued", "failed"]
        assert panel.post(act(task, "again"), {"reason": "Once more"}).status_code == 409

    def test_what_died_with_its_worker_can_be_tried_again_and_what_lives_can_not(
        self, panel: Client, operator: User
    ) -> None:
        panel.post(PAGE, FETCH)
        task = CatalogueTask.objects.get()
        with pytest.raises(Conflict):
            tasks.ask_again(staff=operator, task=task, reason="Impatient")
        CatalogueTask.objects.update(status="running", updated_at=timezone.now() - timedelta(hours=1))
        tasks.ask_again(staff=operator, task=task, reason="Dead")
        assert list(CatalogueTask.objects.values_list("status", flat=True)) == ["queued", "failed"]

    @pytest.mark.parametrize("group", ["support", "finance", "moderation"])
    def test_other_groups_are_refused(self, make_user: UserFactory, group: str, tiny_model: ModelFile) -> None:
        user = make_user()
        user.groups.add(Group.objects.get(name=group))
        client = Client()
        client.force_login(user)
        assert client.get(PAGE).status_code == 403
        assert client.post(PAGE, FETCH).status_code == 403
        for verb in ("check", "enable", "disable", "default", "try"):
            sent = {"reason": "Mine", "prompt": "a sea"}
            assert client.post(act(tiny_model, verb), sent).status_code in (403, 404)
        assert not CatalogueTask.objects.exists()


class TestSwitching:
    def test_the_default_stays_on_until_there_is_another(
        self, panel: Client, tiny_model: ModelFile, tiny_model_dir: str
    ) -> None:
        other = ModelFile.objects.create(name="Other", slug="other", location=tiny_model_dir)
        answer = panel.post(act(tiny_model, "disable"), {"reason": "Old"})
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["reason"])
        assert panel.post(act(other, "default"), {"reason": "Better"}).status_code == 302
        assert panel.post(act(tiny_model, "disable"), {"reason": "Old"}).status_code == 302
        assert list(ModelFile.objects.values_list("slug", "enabled", "is_default")) == [
            ("tiny", False, False), ("other", True, True),
        ]  # fmt: skip
        assert AuditEntry.objects.get(event="model.default").detail == {
            "before": "tiny", "after": "other", "reason": "Better",
        }  # fmt: skip

    def test_what_is_not_there_is_not_switched_on(self, panel: Client, operator: User) -> None:
        model = ModelFile.objects.create(name="Gone", slug="gone", location="nowhere", enabled=False)
        for verb in ("check", "enable"):
            answer = panel.post(act(model, verb), {"reason": "Hope"})
            assert answer.status_code == 422
            assert "can&#x27;t be used" in answer.content.decode()
        with pytest.raises(DomainError, match="missing"):
            switches.make_default(staff=operator, model=model, reason="Hope")
        model.refresh_from_db()
        assert not model.enabled

    def test_the_second_of_two_is_told(self, operator: User, tiny_model_dir: str) -> None:
        model = ModelFile.objects.create(name="Other", slug="other", location=tiny_model_dir)
        switches.disable_model(staff=operator, model=model, reason="Old")
        with pytest.raises(DomainError) as refused:
            switches.disable_model(staff=operator, model=model, reason="Old")
        assert (refused.value.status, refused.value.code) == (409, "conflict")

    def test_an_edit_is_written_down(self, panel: Client, tiny_model: ModelFile) -> None:
        page = f"/admin/studio/modelfile/{tiny_model.pk}/change/"
        form = panel.get(page).context["adminform"].form
        values = {
            name: form[name].value()
            for name in form.fields
            if form[name].value() not in ("", None) and form[name].value() is not False
        }
        shown = {form[name].html_initial_name: form[name].value() for name in form.fields if form[name].value()}
        assert panel.post(page, {**shown, **values, "steps": 3}).status_code == 302
        entry = AuditEntry.objects.get(event="model.changed")
        assert (entry.detail["before"], entry.detail["after"]) == ({"steps": 2}, {"steps": 3})


class TestTrying:
    def test_a_model(self, panel: Client, operator: User, tiny_model: ModelFile) -> None:
        assert panel.post(act(tiny_model, "try"), {"prompt": "a sea"}).status_code == 302
        (job,) = jobs()
        assert (job.owner, job.model_file, job.purpose, job.status) == (operator, tiny_model, "preview", "queued")

    def test_a_prompt_that_can_not_be_rendered_is_told_and_stays(self, panel: Client, tiny_model: ModelFile) -> None:
        answer = panel.post(act(tiny_model, "try"), {"prompt": "a sea <lora:missing:1>"})
        assert answer.status_code == 422
        assert "a sea &lt;lora:missing:1&gt;" in answer.content.decode()
        assert not jobs()

    def test_an_effect_on_the_sample_though_it_is_switched_off(
        self, panel: Client, operator: User, effect: Effect
    ) -> None:
        Effect.objects.update(is_active=False)
        assert panel.post(act(effect, "try"), {}).status_code == 302
        (job,) = jobs()
        assert (job.owner, job.workflow, job.video.title) == (operator, "vid2vid", "Test of Oil")

    def test_an_effect_on_a_file_that_is_no_clip(self, panel: Client, effect: Effect) -> None:
        clip = SimpleUploadedFile("clip.mp4", b"no video", content_type="video/mp4")
        answer = panel.post(act(effect, "try"), {"clip": clip})
        assert answer.status_code == 422
        assert not jobs()

    def test_maintenance_holds_for_staff_too(self, panel: Client, tiny_model: ModelFile, settings: Any) -> None:
        settings.RENDERS_OPEN = False
        assert panel.post(act(tiny_model, "try"), {"prompt": "a sea"}).status_code == 422
        assert not jobs()


class TestPreviews:
    def test_it_is_rendered_in_the_background(
        self, panel: Client, effect: Effect, django_capture_on_commit_callbacks: Callable[..., Any]
    ) -> None:
        assert panel.post(act(effect, "preview"), {"reason": "New model"}).status_code == 302
        assert panel.post(act(effect, "preview"), {"reason": "New model"}).status_code == 409
        task = CatalogueTask.objects.get()
        tasks.run_task(task.pk)
        task.refresh_from_db()
        assert (task.status, task.done, task.total) == ("done", 24, 24)
        effect.refresh_from_db()
        assert effect.preview_video_url.startswith("/effects/media/oil-")

    def test_of_a_deleted_effect_there_is_none(self, panel: Client, operator: User, effect: Effect) -> None:
        task = tasks.ask_preview(staff=operator, effect=effect, reason="New")
        delete_effect(effect)
        with pytest.raises(ValidationFailed):
            tasks.ask_preview(staff=operator, effect=effect, reason="New")
        tasks.run_task(task.pk)
        task.refresh_from_db()
        assert task.status == "failed"
        assert "deleted" in task.message
