"""The block-list is enforced wherever somebody says what a picture shall show; a refusal costs and leaves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from commerce.services.wallets import open_credit_wallet
from config.api.errors import DomainError, ValidationFailed
from effects.models import Effect
from studio.models import BlockedPhrase, MediaFile, ModelFile, Preset, RenderJob, SteeringCommand, Video
from studio.requests.phrases import folded
from studio.services.blocked_phrases import block_phrase, change_phrase, found_in
from studio.services.catalogue.effect_previews import preview_plan
from studio.services.jobs.lifecycle import retry_render
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db

DEFORUM = {"type": "deforum", "length": 2, "fps": 12, "frameCount": 3}
BAD = "a gory scene"


@pytest.fixture(autouse=True)
def in_the_users_scope(user: User, tiny_model: ModelFile) -> Iterator[None]:
    with tenant_scope(user.tenant_id):
        yield


@pytest.fixture
def chief(make_user: Callable[..., User]) -> User:
    return make_user(name="chief", role=User.Role.ADMINISTRATOR)


@pytest.fixture
def gory(chief: User) -> BlockedPhrase:
    return block_phrase({"phrase": "gory scene"}, by=chief, reason="Our terms.")


def refused(answer: Any, *fields: str) -> None:
    body = answer.json()
    assert (answer.status_code, body["code"]) == (422, "prompt_refused"), body
    assert set(body["data"]) == set(fields)
    assert all("gory scene" in reason for reasons in body["data"].values() for reason in reasons)


def nothing_happened(user: User) -> None:
    assert not RenderJob.objects.exists()
    assert open_credit_wallet(user=user).available == open_credit_wallet(user=user).balance


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"prompt": BAD}, "prompt"),
        ({"prompt": "a fox", "negative_prompt": BAD}, "negative_prompt"),
        ({"prompt": f"a fox --neg {BAD}"}, "prompt"),
        ({"schedules": {"prompts": {"0": "a fox", "12": BAD}}}, "schedules.prompts"),
        ({"schedules": {"animation_prompts": {"0": BAD}}}, "schedules.prompts"),
        ({"prompt": "scene", "schedules": {"animation_prompts_positive": "gory"}}, "prompt"),
        ({"prompt": "a fox", "schedules": {"animation_prompts_negative": BAD}}, "schedules.animation_prompts_negative"),
    ],
)
def test_a_preview_is_refused_by_the_field(
    api: APIClient, user: User, gory: BlockedPhrase, body: dict[str, Any], field: str
) -> None:
    refused(api.post("/api/generate", {**DEFORUM, **body}), field)
    nothing_happened(user)


@pytest.mark.parametrize(
    "prompt",
    [
        "A GORY  SCENE", "a gory\nscene", "a gory-scene, at night", "görý scene", "go\u200bry sce\u00adne",
        "ｇｏｒｙ scene",
        "a (gory:1.3) scene", "go(ry:1.1) scene", "go[[ry]] scene", "gоrу sсеnе", "g o r y s c e n e",
        "G.O.R.Y S.C.E.N.E",
        "gory_scene", "a\tgory\u00a0scene",
    ],
)  # fmt: skip
def test_however_it_is_spelled(api: APIClient, user: User, gory: BlockedPhrase, prompt: str) -> None:
    refused(api.post("/api/generate", {**DEFORUM, "prompt": prompt}), "prompt")
    nothing_happened(user)


@pytest.mark.parametrize("prompt", ["an allegory scenery", "a gory old scene", "scene, gory", "a category scene"])
def test_whole_words_in_their_order(api: APIClient, gory: BlockedPhrase, prompt: str) -> None:
    assert api.post("/api/generate", {**DEFORUM, "prompt": prompt}).status_code == 200


def test_inside_of_words_where_staff_say_so(api: APIClient, chief: User) -> None:
    block_phrase({"phrase": "血腥", "whole_words": False}, by=chief, reason="No spaces there.")
    answer = api.post("/api/generate", {**DEFORUM, "prompt": "一个血腥的场面"})
    assert answer.json()["code"] == "prompt_refused"


def test_to_keep_it_out_may_be_allowed(api: APIClient, chief: User, gory: BlockedPhrase) -> None:
    change_phrase(gory.pk, {"in_negative": False}, by=chief, reason="To keep it out is fine.")
    for body in ({"prompt": "a fox", "negative_prompt": BAD}, {"prompt": f"a fox --neg {BAD}"}):
        assert api.post("/api/generate", {**DEFORUM, **body}).status_code == 200
    refused(api.post("/api/generate", {**DEFORUM, "prompt": f"{BAD} --neg fog"}), "prompt")


def test_what_a_preset_says(api: APIClient, user: User, gory: BlockedPhrase) -> None:
    Preset.objects.create(name="Bad", slug="bad", settings={"prompts": {"0": BAD}}, tenant_id=user.tenant_id)
    refused(api.post("/api/generate", {**DEFORUM, "preset": "bad"}), "preset")


def test_approving_a_preview_of_before(api: APIClient, user: User, chief: User) -> None:
    video = api.post("/api/generate", {**DEFORUM, "prompt": BAD}).json()["data"]["videoId"]
    RenderJob.objects.update(status="completed")
    Video.objects.update(status="preview_ready")
    block_phrase({"phrase": "gory scene"}, by=chief, reason="Our terms.")
    refused(api.post("/api/finalize", {"videoId": video}), "prompt")
    refused(api.post("/api/finalize", {"videoId": video, "prompt": f"{BAD} again"}), "prompt")
    assert RenderJob.objects.count() == 1
    assert api.post("/api/finalize", {"videoId": video, "prompt": "a fox"}).status_code == 200


def test_trying_again_a_render_of_before(api: APIClient, user: User, chief: User) -> None:
    api.post("/api/generate", {**DEFORUM, "prompt": BAD})
    RenderJob.objects.update(status="failed")
    Video.objects.update(status="failed")
    block_phrase({"phrase": "gory scene"}, by=chief, reason="Our terms.")
    with pytest.raises(DomainError) as why:
        retry_render(RenderJob.objects.get())
    assert why.value.code == "prompt_refused"


class TestEffects:
    @pytest.fixture
    def painting(self) -> Effect:
        return Effect.objects.create(
            name="Painting", slug="painting", type="animation", credits_cost=1,
            parameters={"prompt": "a gory {{what}}", "length": 1, "fps": 12},
            configurable_properties=[{"key": "what", "type": "text", "default": "fox"}],
        )  # fmt: skip

    @pytest.mark.parametrize("what", ["scene", BAD])
    @pytest.mark.parametrize("path", ["/api/ai-jobs", "/api/ai-jobs/estimate"])
    def test_the_property_is_named(
        self, api: APIClient, user: User, gory: BlockedPhrase, painting: Effect, path: str, what: str
    ) -> None:
        body = {"effect_id": painting.pk, "input_payload": {"what": what}, "idempotency_key": "one"}
        refused(api.post(path, body), "input_payload.what")
        nothing_happened(user)

    def test_a_video_that_waits_for_it(
        self, api: APIClient, gory: BlockedPhrase, cartoon: Effect, upload_clip: Callable[..., int]
    ) -> None:
        body = {"original_file_id": upload_clip(), "effect_id": cartoon.pk, "input_payload": {"mood": BAD}}
        refused(api.post("/api/videos", body), "input_payload.mood")
        assert not Video.objects.exists()

    def test_what_the_template_says_itself(self, api: APIClient, gory: BlockedPhrase, painting: Effect) -> None:
        Effect.objects.update(parameters={"prompt": BAD, "length": 1, "fps": 12}, configurable_properties=[])
        refused(api.post("/api/ai-jobs", {"effect_id": painting.pk, "idempotency_key": "one"}), "prompt")
        with pytest.raises(DomainError) as why:
            preview_plan(Effect.objects.get(), MediaFile())
        assert why.value.code == "prompt_refused"


def test_a_settings_file(api: APIClient, gory: BlockedPhrase) -> None:
    settings = {"max_frames": 20, "prompts": {"0": "a valley", "10": BAD}}
    refused(api.post("/api/v1/deforum-settings", {"settings": settings}), "prompts")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"a": BAD}, "a"),
        ({"b": BAD}, "b"),
        ({"negative": BAD}, "negative"),
        ({"bindings": {"x": {"kind": "blend", "a": "fox", "b": BAD, "value": 0}}}, "bindings.x.b"),
        ({"a": "go{{x}} scene", "bindings": {"x": {"kind": "blend", "a": "ry", "b": "", "value": 0}}}, "a"),
    ],
)
def test_a_live_prompt(api: APIClient, gory: BlockedPhrase, body: dict[str, Any], field: str) -> None:
    job = api.post("/api/generate", {**DEFORUM, "prompt": "a sea"}).json()["data"]["job_id"]
    path = f"/api/video-jobs/{job}"
    token = api.post(f"{path}/control", {"action": "take", "token": ""}).json()["data"]["token"]
    command = {"number": 1, "kind": "prompt", "token": token}
    refused(api.post(f"{path}/commands", {**command, **body}), field)
    assert not SteeringCommand.objects.exists()
    assert api.post(f"{path}/commands", {**command, "a": "a fox"}).status_code in (200, 201, 202)


def test_a_live_prompt_of_several_commands(api: APIClient, gory: BlockedPhrase) -> None:
    """What is bound first and said then, or said first and bound then, is one prompt."""
    blend = {"kind": "blend", "b": "", "value": 0}
    for first, second, field in (
        ({"bindings": {"x": {**blend, "a": "ry"}}}, {"a": "go{{x}} scene"}, "a"),
        ({"a": "go{{x}} scene"}, {"bindings": {"x": {**blend, "a": "ry"}}}, "a"),
    ):
        job = api.post("/api/generate", {**DEFORUM, "prompt": "a sea"}).json()["data"]["job_id"]
        path = f"/api/video-jobs/{job}"
        token = api.post(f"{path}/control", {"action": "take", "token": ""}).json()["data"]["token"]
        given = api.post(f"{path}/commands", {"number": 1, "kind": "prompt", "token": token, **first})
        assert given.status_code == 201, given.json()
        command = {"number": 2, "kind": "prompt", "token": token}
        refused(api.post(f"{path}/commands", {**command, **second}), field)
        # Said otherwise it is no longer there.
        assert api.post(f"{path}/commands", {**command, "a": "a fox", "bindings": {"x": None}}).status_code == 201


class TestTheList:
    def test_each_change_is_in_the_audit_log(self, chief: User, gory: BlockedPhrase) -> None:
        change_phrase(gory.pk, {"enabled": False}, by=chief, reason="Too many jokes.")
        added, changed = AuditEntry.objects.order_by("pk")
        assert (added.event, added.actor, added.detail["reason"]) == ("phrase_blocked", chief, "Our terms.")
        assert changed.detail["before"]["enabled"] is True
        assert (changed.detail["after"]["enabled"], changed.detail["reason"]) == (False, "Too many jokes.")

    def test_switched_off_it_refuses_nothing(self, api: APIClient, chief: User, gory: BlockedPhrase) -> None:
        change_phrase(gory.pk, {"enabled": False}, by=chief, reason="A mistake.")
        assert api.post("/api/generate", {**DEFORUM, "prompt": BAD}).status_code == 200

    @pytest.mark.parametrize(
        ("phrase", "reason", "field"),
        [("", "x", "phrase"), ("!?", "x", "phrase"), ("a", "x", "phrase"), ("ok", " ", "reason"),
         ("GÖRY\u200b Scene", "x", "phrase")],
    )  # fmt: skip
    def test_what_is_no_entry(self, chief: User, gory: BlockedPhrase, phrase: str, reason: str, field: str) -> None:
        with pytest.raises(ValidationFailed) as why:
            block_phrase({"phrase": phrase}, by=chief, reason=reason)
        assert list(why.value.fields) == [field]

    @pytest.mark.parametrize("text", ["go<lora:any:0>ry scene", "go`0`ry scene", "go\\ry scene", "go{}ry scene"])
    def test_signs_of_a_prompt_hide_nothing(self, gory: BlockedPhrase, text: str) -> None:
        assert found_in(text) == [gory]

    def test_folding_is_stable(self) -> None:
        for text in ("Straße", "İstanbul", "ﬁne", "Ångström", "①②③", "حرب", "नमस्ते"):
            assert folded(folded(text)) == folded(text)


class TestThePage:
    URL = "/admin/studio/blockedphrase/"

    @pytest.fixture
    def moderator(self, make_user: Callable[..., User]) -> Client:
        return logged_in(make_user, "moderation")

    def test_moderators_add_and_change(self, moderator: Client) -> None:
        page = {"phrase": "Gory", "whole_words": "on", "in_negative": "on", "enabled": "on", "reason": "Our terms."}
        assert moderator.post(f"{self.URL}add/", page).status_code == 302
        row = BlockedPhrase.objects.get()
        assert (row.phrase, row.folded, row.enabled) == ("Gory", " gory ", True)
        changed = {"phrase": "Gory", "in_negative": "on", "enabled": "on", "reason": "<script>broken()</script>"}
        assert moderator.post(f"{self.URL}{row.pk}/change/", changed).status_code == 302
        row.refresh_from_db()
        assert row.whole_words is False
        shown = moderator.get(f"{self.URL}{row.pk}/change/").content.decode()
        assert "Our terms." in shown
        assert "&lt;script&gt;broken" in shown
        assert "<script>broken" not in shown

    def test_a_refusal_keeps_what_was_typed(self, moderator: Client, gory: BlockedPhrase) -> None:
        answer = moderator.post(
            f"{self.URL}add/", {"phrase": "GORY-scene", "enabled": "on", "reason": "Typed at length."}
        )
        assert answer.status_code == 422
        assert "The list has it already" in answer.content.decode()
        assert "Typed at length." in answer.content.decode()
        assert BlockedPhrase.objects.count() == 1

    def test_without_a_reason_nothing_changes(self, moderator: Client, gory: BlockedPhrase) -> None:
        answer = moderator.post(f"{self.URL}{gory.pk}/change/", {"phrase": "gory scene", "reason": ""})
        assert "This field is required" in answer.content.decode()
        gory.refresh_from_db()
        assert gory.enabled

    @pytest.mark.parametrize("group", ["support", "finance", "operations"])
    def test_others_may_not(self, make_user: Callable[..., User], gory: BlockedPhrase, group: str) -> None:
        client = logged_in(make_user, group)
        for path in ("", "add/", f"{gory.pk}/change/"):
            assert client.get(f"{self.URL}{path}").status_code == 403
        assert client.post(f"{self.URL}{gory.pk}/change/", {"phrase": "x", "reason": "x"}).status_code == 403
        gory.refresh_from_db()
        assert gory.phrase == "gory scene"


def logged_in(make_user: Callable[..., User], group: str) -> Client:
    user = make_user(name=f"one of {group}")
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client
