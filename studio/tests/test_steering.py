"""The controls of a render and the commands to it, over HTTP. Nothing renders here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from rest_framework.test import APIClient

from accounts.models import User
from effects.models import Effect
from studio.models import ModelFile, RenderJob, Steering, SteeringCommand, Video
from studio.rendering.deforum.steering.commands import KINDS
from studio.rendering.deforum.steering.table import STEERABLE
from studio.services.jobs import lifecycle as jobs
from studio.services.steering import commands
from studio.tests.queue_rows import make_row
from tenants.scope import all_tenants, tenant_scope
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], APIClient]
ASKED = {"type": "deforum", "prompt": "a sea", "length": 2, "fps": 12, "frameCount": 3}
ZOOM = {"values": {"translation_z": {"value": 1.5, "mode": "add"}}}
SETTINGS_3D = {"animation_mode": "3D"}


@pytest.fixture(autouse=True)
def in_the_users_scope(user: User, tiny_model: ModelFile) -> Iterator[None]:
    with tenant_scope(user.tenant_id):
        yield


class Console:
    """A page that steers a render, or tries to."""

    def __init__(self, api: APIClient, job_id: int) -> None:
        self.api, self.path = api, f"/api/video-jobs/{job_id}"
        self.token: str | None = ""

    def control(self, action: str, **body: Any) -> Any:
        return self.api.post(f"{self.path}/control", {"action": action, "token": self.token, **body})

    def take(self, **body: Any) -> Any:
        answer = self.control("take", **body)
        if answer.status_code == 200:
            self.token = answer.json()["data"]["token"]
        return answer

    def give(self, number: int, kind: str = "set", **body: Any) -> Any:
        body = {"number": number, "kind": kind, "token": self.token, **(body or (ZOOM if kind == "set" else {}))}
        return self.api.post(f"{self.path}/commands", body)

    def shown(self) -> Any:
        return self.api.get(f"{self.path}/steering").json()["data"]


@pytest.fixture
def job_id(api: APIClient) -> int:
    body = {**ASKED, "schedules": SETTINGS_3D}
    answer = api.post("/api/generate", body)
    if answer.status_code != 200:
        answer = api.post("/api/generate", ASKED)
    assert answer.status_code == 200, answer.json()
    return int(answer.json()["data"]["job_id"])


@pytest.fixture
def console(api: APIClient, job_id: int) -> Console:
    page = Console(api, job_id)
    assert page.take().status_code == 200
    return page


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def lapse() -> None:
    """As much later as the controls are kept for a page that is gone."""
    Steering.objects.update(expires_at=Now() - timedelta(seconds=1))


class TestTheTable:
    def test_it_says_what_can_be_steered(self, api: APIClient) -> None:
        table = api.get("/api/steering").json()["data"]
        assert [row["name"] for row in table["parameters"]] == list(STEERABLE)
        assert table["kinds"] == list(KINDS)
        assert table["easings"]["ease-in"] == [0.42, 0, 1, 1]


class TestControls:
    def test_one_page_has_them(self, console: Console, api: APIClient, job_id: int) -> None:
        other = Console(api, job_id)
        answer = other.take()
        assert code(answer) == (409, "control_held")
        assert answer.json()["data"]["name"] == User.objects.get().name
        assert answer.json()["data"]["expires_at"].endswith("Z")
        assert answer["Retry-After"] == "30"
        for none in ("", None, "made up"):
            other.token = none
            assert code(other.give(1)) == (403, "not_controller")
            assert code(other.control("renew")) == (403, "not_controller")
        assert console.give(1).status_code == 201

    def test_a_page_that_asks_again_keeps_its_token(self, console: Console) -> None:
        before = console.token
        assert console.take().status_code == 200
        assert console.token == before
        assert console.control("renew").json()["data"]["token"] == before

    def test_they_are_anybodys_when_the_page_is_gone(self, console: Console, api: APIClient, job_id: int) -> None:
        lapse()
        assert code(console.give(1)) == (409, "control_lost")
        assert code(console.control("renew")) == (409, "control_lost")
        other = Console(api, job_id)
        assert other.take().status_code == 200
        assert code(console.give(1)) == (409, "control_lost")
        assert code(console.take()) == (409, "control_held")
        assert other.give(1).status_code == 201

    def test_a_command_keeps_them(self, console: Console) -> None:
        Steering.objects.update(expires_at=Now() + timedelta(seconds=1))
        before = console.shown()["controller"]["expires_at"]
        console.give(1)
        assert console.shown()["controller"]["expires_at"] > before

    def test_they_are_left_and_taken_by_force(self, console: Console, api: APIClient, job_id: int) -> None:
        assert console.control("release").status_code == 200
        assert console.shown()["controller"] is None
        assert code(console.give(1)) == (409, "control_lost")
        other = Console(api, job_id)
        assert other.take().status_code == 200
        assert console.take(force=True).status_code == 200
        assert code(other.give(1)) == (409, "control_lost")

    def test_they_are_handed_over(
        self, console: Console, job_id: int, make_user: UserFactory, client_of: ClientOf
    ) -> None:
        staff = make_user(role=User.Role.ADMINISTRATOR)
        page = Console(client_of(staff), job_id)
        assert code(page.take()) == (409, "control_held")
        assert console.control("hand_over", to=staff.pk).status_code == 200
        assert page.shown()["controller"]["held"] is False
        assert code(console.give(1)) == (409, "control_lost")
        assert code(console.take()) == (409, "control_held")
        assert page.take().status_code == 200
        assert page.give(1).status_code == 201
        assert page.shown()["controller"]["mine"] is True
        lapse()
        assert code(page.take()) == (403, "not_controller"), "handed over for once"
        assert console.take().status_code == 200

    def test_to_another_page_of_the_owner(self, console: Console, api: APIClient, job_id: int) -> None:
        assert console.control("hand_over").status_code == 200
        assert Console(api, job_id).take().status_code == 200

    @pytest.mark.parametrize("to", ["colleague", "nobody"])
    def test_only_to_who_can_see_the_render(
        self, console: Console, user: User, make_user: UserFactory, to: str
    ) -> None:
        receiver = make_user(tenant=user.tenant).pk if to == "colleague" else 10**9
        answer = console.control("hand_over", to=receiver)
        assert list(answer.json()["data"]) == ["to"]
        assert console.give(1).status_code == 201, "and they stay"

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"action": "seize"}, "action"),
            ({"action": None}, "action"),
            ({"action": "take", "token": "x" * 513}, "token"),
            ({"action": "hand_over", "to": "me"}, "to"),
            ({"action": "take", "force": "perhaps"}, "force"),
        ],
    )
    def test_bad_requests(self, console: Console, body: dict[str, Any], field: str) -> None:
        answer = console.control(**{"action": "take", **body})
        assert answer.status_code == 422
        assert list(answer.json()["data"]) == [field]

    def test_another_renders_token(self, console: Console, api: APIClient) -> None:
        other = Console(api, int(api.post("/api/generate", ASKED).json()["data"]["job_id"]))
        other.token = console.token
        assert code(other.give(1)) == (403, "not_controller")
        assert other.take().status_code == 200, "a token for nothing is none"

    def test_not_of_a_render_that_is_over(self, console: Console, job_id: int) -> None:
        jobs.cancel_render(RenderJob.objects.get(pk=job_id))
        answer = console.take()
        assert (*code(answer), answer.json()["data"]) == (409, "job_finished", {"job_status": "cancelled"})


class TestCommands:
    def test_one_is_stored(self, console: Console, job_id: int) -> None:
        answer = console.give(3)
        assert answer.status_code == 201
        row = answer.json()["data"]
        assert (row["number"], row["kind"], row["body"], row["state"]) == (3, "set", ZOOM, "waiting")
        assert (row["applied_at_frame"], row["effective"], row["refused"]) == (None, None, None)
        assert console.shown()["last_number"] == 3
        assert console.api.get(f"{console.path}/commands").json()["data"] == [row]
        assert console.api.get(f"{console.path}/commands?after=3").json()["data"] == []

    def test_the_same_again_is_the_same(self, console: Console, job_id: int) -> None:
        first = console.give(1).json()["data"]
        console.give(2, "pause")
        lapse()
        again = console.give(1)
        assert (again.status_code, again.json()["data"]) == (200, first)
        jobs.cancel_render(RenderJob.objects.get(pk=job_id))
        settled = console.give(1)
        assert settled.status_code == 200, "whatever has become of the render"
        assert settled.json()["data"]["state"] == "refused"
        assert "cancelled" in settled.json()["data"]["refused"]
        assert SteeringCommand.objects.count() == 2

    @pytest.mark.parametrize("number", [4, 5])
    def test_old_numbers(self, console: Console, number: int) -> None:
        console.give(5)
        answer = console.give(number, "pause")
        assert code(answer) == (409, "stale_number")
        assert answer.json()["data"] == {"last_number": 5}

    @pytest.mark.parametrize("number", [0, -1, 1.5, "one", 2**53, 2**70, None, True])
    def test_numbers_that_are_none(self, console: Console, number: Any) -> None:
        answer = console.give(number)
        assert answer.status_code == 422
        assert list(answer.json()["data"]) == ["number"]

    @pytest.mark.parametrize(
        ("kind", "body", "field"),
        [
            ("set", {"values": {"translation_z": {"value": 101, "mode": "add"}}}, "values.translation_z.value"),
            ("set", {"values": {"translation_z": {"value": "fast"}}}, "values.translation_z.value"),
            ("set", {"values": {"translation_z": {"value": 1, "mode": "multiply"}}}, "values.translation_z.mode"),
            ("set", {"values": {"wobble": {"value": 1}}}, "values.wobble"),
            ("set", {"values": {"cn_1_weight": {"value": 1}}}, "values.cn_1_weight"),
            ("set", {"values": {}}, "values"),
            ("set", {"values": ZOOM["values"], "wobble": 1}, "wobble"),
            ("set_smooth", {**ZOOM, "frames": 101}, "frames"),
            ("set_smooth", {**ZOOM, "frames": 4, "easing": "bounce"}, "easing"),
            ("prompt", {"a": 5}, "a"),
            ("prompt", {"morph": 1.5}, "morph"),
            ("rewind", {"frame": -1}, "frame"),
            ("loop", {"start": 5, "end": 4}, "end"),
            ("snapshot", {"name": ""}, "name"),
            ("extend", {"frames": 0}, "frames"),
            ("replay", {"start": 0, "end": 1, "prompts": "both"}, "prompts"),
            ("dance", {"frames": 1}, "kind"),
        ],
    )
    def test_what_can_not_be_commanded(self, console: Console, kind: str, body: dict[str, Any], field: str) -> None:
        answer = console.give(1, kind, **body)
        assert answer.status_code == 422, answer.json()
        assert list(answer.json()["data"]) == [field]
        assert not SteeringCommand.objects.exists()
        assert console.shown()["last_number"] == 0

    def test_a_form_means_what_json_means(self, console: Console) -> None:
        form = {"token": console.token, "values[translation_z][value]": "1.5", "values[translation_z][mode]": "add"}
        answer = console.api.post(
            f"{console.path}/commands", {**form, "number": "1", "kind": "set"}, format="multipart"
        )
        assert (answer.status_code, answer.json()["data"]["body"]) == (201, ZOOM)
        named = {"token": console.token, "number": "2", "kind": "snapshot", "name": "5"}
        answer = console.api.post(f"{console.path}/commands", named, format="multipart")
        assert (answer.status_code, answer.json()["data"]["body"]) == (201, {"name": "5"})

    @pytest.mark.parametrize("body", ["[]", "5", "null", '"set"', "{", ""])
    def test_bodies_that_are_no_object(self, console: Console, body: str) -> None:
        answer = console.api.generic("POST", f"{console.path}/commands", body, content_type="application/json")
        assert answer.status_code in (400, 422), answer.content
        assert console.shown()["last_number"] == 0

    def test_everything_wrong_is_told_at_once(self, console: Console) -> None:
        answer = console.give(0, "set", values={"translation_z": {"value": 500}, "wobble": {"value": 1}})
        assert set(answer.json()["data"]) == {"number", "values.translation_z.value", "values.wobble"}

    @pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
    def test_none_to_a_render_that_is_over(self, console: Console, job_id: int, status: str) -> None:
        RenderJob.objects.filter(pk=job_id).update(status=status)
        assert code(console.give(1)) == (409, "job_finished")
        console.token = ""
        assert code(console.give(1)) == (409, "job_finished"), "whoever gives it"

    def test_resume_wakes_what_is_paused(self, console: Console, job_id: int) -> None:
        RenderJob.objects.filter(pk=job_id).update(status="paused", paused_at=Now())
        assert console.give(1).status_code == 201
        assert console.shown()["job_status"] == "paused"
        assert console.give(2, "resume").status_code == 201
        assert (console.shown()["job_status"], console.shown()["paused"]) == ("queued", False)

    def test_a_flood_is_stopped(self, console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(commands, "MAX_WAITING", 2)
        assert [console.give(number).status_code for number in (1, 2, 3)] == [201, 201, 422]
        assert console.give(3).json()["code"] == "too_many_commands"

    def test_only_animations_of_ours_are_steered(self, user: User, api: APIClient) -> None:
        page = Console(api, make_row(user).pk)
        page.token = "any"
        assert code(page.take()) == code(page.give(1)) == (422, "not_steerable")
        assert page.shown()["parameters"] == []
        page = Console(api, make_row(user, workflow="deforum", provider="external").pk)
        assert code(page.take()) == (422, "not_steerable")

    def test_what_was_bought_as_an_effect_is_made_as_it_was_bought(self, user: User, api: APIClient) -> None:
        effect = Effect.objects.create(name="Drift", slug="drift", type="animation", credits_cost=1)
        page = Console(api, make_row(user, workflow="deforum", effect=effect).pk)
        assert code(page.take()) == (422, "not_steerable")

    def test_of_a_deleted_video_there_is_nothing(self, console: Console, job_id: int) -> None:
        Video.objects.filter(jobs=job_id).update(deleted_at=Now())
        assert console.take().status_code == 404
        assert console.api.get(f"{console.path}/steering").status_code == 404


def together(*calls: Callable[[], Any]) -> list[Any]:
    """The calls' answers, each made in a thread of its own at the same time."""
    barrier, answers = threading.Barrier(len(calls)), {}

    def run(index: int, call: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            answers[index] = call()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[index] for index in range(len(calls))]


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_pages_take_the_controls(self, user: User, job_id: int, client_of: ClientOf) -> None:
        pages = [Console(client_of(user), job_id) for _ in range(4)]
        answers = together(*(page.take for page in pages))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
        [holder] = [page for page in pages if page.token]
        assert holder.give(1).status_code == 201

    def test_one_number_is_given_once(self, console: Console, user: User, job_id: int, client_of: ClientOf) -> None:
        pages = [Console(client_of(user), job_id) for _ in range(4)]
        for page in pages:
            page.token = console.token
        answers = together(*(lambda page=page: page.give(1) for page in pages))
        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
        different = together(*(lambda p=page, n=n: p.give(2, "snapshot", name=f"s{n}") for n, page in enumerate(pages)))
        assert sorted(answer.status_code for answer in different) == [201, 409, 409, 409]
        assert SteeringCommand.objects.count() == 2

    def test_a_render_ends_while_it_is_commanded(self, console: Console, job_id: int) -> None:
        for number in range(1, 6):
            RenderJob.objects.filter(pk=job_id).update(status="queued", finished_at=None)

            def end() -> None:
                with all_tenants():
                    jobs.cancel_render(RenderJob.objects.get(pk=job_id))

            answer, _ = together(lambda n=number: console.give(n), end)
            assert answer.status_code in (201, 409)
            assert not SteeringCommand.objects.filter(state="waiting").exists(), "none is left without an answer"
