"""AI jobs over HTTP: document B's example, its error table, limits, replays, races. Nothing renders here."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from commerce.models import CreditHold, FinanceOperation
from commerce.services.audit import audit
from commerce.services.ledger import enroll
from commerce.services.wallets import open_credit_wallet
from config.api.envelope import iso
from effects.models import Effect
from studio import tasks
from studio.models import ModelFile, RenderJob, Video
from studio.services.jobs.lifecycle import complete_render, retry_render
from studio.services.jobs.queue import claim_next
from studio.services.videos.ai_jobs import find_job
from studio.tests.applied import JOBS_URL as URL
from studio.tests.applied import ClientOf, Upload, asked, credits, jobs
from tenants.scope import all_tenants, tenant_scope
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

THREADS = 10
"""Fewer than the connections in the pool, so that the requests wait for one another and not for a connection."""


@pytest.fixture(autouse=True)
def model(tiny_model: ModelFile) -> ModelFile:
    return tiny_model


class TestSubmit:
    def test_the_answer_is_the_documents(
        self, api: APIClient, user: User, cartoon: Effect, video_id: int, model: ModelFile
    ) -> None:
        body = asked(cartoon, "usr1-cartoon-abc123", video_id=video_id, input_payload={"intensity": 0.8})
        answer = api.post(URL, body)
        assert (answer.status_code, answer.json()["message"]) == (200, "AI job submitted successfully")
        (job,) = jobs()
        assert list(answer.json()["data"].items()) == [
            ("id", job.pk),
            ("dispatch_id", job.dispatch_id),
            ("effect_id", cartoon.pk),
            ("video_id", video_id),
            ("status", "queued"),
            ("created_at", iso(job.queued_at)),
        ]
        assert re.fullmatch(r"job_[0-9a-f]{32}", job.dispatch_id)
        assert (job.purpose, job.workflow, job.provider, job.queue) == ("final", "vid2vid", "local", "low")
        # Four fifths of the way from 0.2 to 0.9.
        assert job.parameters["denoising"] == pytest.approx(0.76)
        assert (job.parameters["prompt"], job.parameters["seed"]) == ("a cartoon,", 7)
        assert job.parameters["modelId"] == model.pk
        assert (job.video.status, job.video.effect_id) == ("queued", cartoon.pk)
        assert credits(user) == (50, 10)
        assert (job.price, job.hold.amount) == (10, 10)
        assert (job.hold.effect_id, job.hold.effect_name) == (cartoon.pk, "Cartoon Style")

    def test_the_videos_own_payload_holds_unless_the_request_has_one(
        self, api: APIClient, cartoon: Effect, video_id: int
    ) -> None:
        api.post(URL, asked(cartoon, video_id=video_id))
        assert jobs()[0].parameters["prompt"] == "a cartoon, happy"
        assert jobs()[0].video.input_payload == {"mood": "happy", "intensity": 0.5}

    def test_a_file_alone_becomes_a_video(self, api: APIClient, cartoon: Effect, upload_clip: Upload) -> None:
        file_id = upload_clip()
        answer = api.post(URL, asked(cartoon, input_file_id=file_id))
        assert answer.status_code == 200, answer.json()
        (job,) = jobs()
        assert (job.video_id, job.video.source_id) == (answer.json()["data"]["video_id"], file_id)
        assert (job.video.type, job.video.effect_id) == ("vid2vid", cartoon.pk)

    def test_an_animation_needs_neither(self, api: APIClient, dream: Effect) -> None:
        assert api.post(URL, asked(dream)).status_code == 200
        (job,) = jobs()
        assert (job.workflow, job.video.source_id, job.frames_total) == ("deforum", None, 12)

    def test_another_effect_for_the_same_video(self, api: APIClient, dream: Effect, video_id: int) -> None:
        answer = api.post(URL, asked(dream, video_id=video_id, input_payload=[]))
        assert answer.status_code == 200, answer.json()
        (video,) = [job.video for job in jobs()]
        assert (video.effect_id, video.type, video.input_payload) == (dream.pk, "deforum", {})

    @pytest.mark.parametrize(
        ("priority", "queue"),
        [(None, "low"), (0, "low"), (-100, "low"), (1, "medium"), (49, "medium"), (50, "high"), (100, "high")],
    )
    def test_priority_picks_the_queue(self, api: APIClient, dream: Effect, priority: int | None, queue: str) -> None:
        assert api.post(URL, asked(dream, priority=priority)).status_code == 200
        assert (jobs()[0].queue, jobs()[0].priority) == (queue, priority or 0)

    def test_the_key_may_come_as_a_header(self, api: APIClient, dream: Effect) -> None:
        answer = api.post(URL, {"effect_id": dream.pk}, headers={"Idempotency-Key": "one"})
        assert answer.status_code == 200

    def test_queries(self, api: APIClient, dream: Effect) -> None:
        api.post(URL, asked(dream, "warm"))
        with CaptureQueriesContext(connection) as caught:
            assert api.post(URL, asked(dream)).status_code == 200
        assert len(caught) <= 27, "\n".join(query["sql"][:120] for query in caught)


class TestCredits:
    def test_a_completed_job_is_paid_in_the_effects_name(self, api: APIClient, user: User, dream: Effect) -> None:
        api.post(URL, asked(dream))
        job = claim_next(worker="test", queues=["low"])
        assert job is not None
        with tenant_scope(user.tenant_id):
            assert complete_render(job, lease_id=job.lease_id, files={"output": None}, seconds_per_frame=None)
            entry = FinanceOperation.objects.get(reference_type="ai_job")
        assert credits(user) == (40, 0)
        assert (entry.description, entry.reference_id, entry.balance_after) == ("Applied effect: Dream", job.pk, 40)
        assert (entry.effect_id, entry.effect_name) == (dream.pk, "Dream")
        dream.refresh_from_db()
        assert dream.use_count == 1

    def test_a_cancelled_job_costs_nothing_and_again_costs_the_same(
        self, api: APIClient, user: User, dream: Effect
    ) -> None:
        job_id = api.post(URL, asked(dream)).json()["data"]["id"]
        for _ in range(2):
            answer = api.post(f"{URL}/{job_id}/cancel")
            assert (answer.status_code, answer.json()["data"]["status"]) == (200, "cancelled")
        assert credits(user) == (50, 0)
        with tenant_scope(user.tenant_id):
            again = retry_render(find_job(user=user, job_id=job_id))
        assert (again.price, again.effect_id, credits(user)) == (10, dream.pk, (50, 10))
        dream.refresh_from_db()
        assert dream.use_count == 0

    def test_a_detour_through_finalize_costs_the_same(self, api: APIClient, user: User, dream: Effect) -> None:
        submitted = api.post(URL, asked(dream)).json()["data"]
        api.post(f"{URL}/{submitted['id']}/cancel")
        assert api.post("/api/finalize", {"videoId": submitted["video_id"]}).status_code == 200
        assert credits(user) == (50, 10)


class TestWatch:
    def test_list_and_detail(self, api: APIClient, dream: Effect) -> None:
        job_id = api.post(URL, asked(dream)).json()["data"]["id"]
        page = api.get(URL).json()
        assert (page["message"], page["data"]["totalItems"]) == ("AI jobs retrieved successfully", 1)
        detail = api.get(f"{URL}/{job_id}").json()["data"]
        assert detail["queue"]["your_position"] == 1
        assert detail["effect"] == {"id": dream.pk, "name": "Dream", "slug": "dream"}
        assert set(detail) - set(page["data"]["items"][0]) == {"queue", "output_url"}

    @pytest.mark.parametrize(
        ("inside", "word"),
        [("queued", "queued"), ("running", "processing"), ("completed", "completed"), ("failed", "failed"),
         ("cancelled", "cancelled")],
    )  # fmt: skip
    def test_the_words_for_states(self, api: APIClient, dream: Effect, inside: str, word: str) -> None:
        job_id = api.post(URL, asked(dream)).json()["data"]["id"]
        with all_tenants():
            RenderJob.objects.filter(pk=job_id).update(status=inside, lease_id="00000000-0000-0000-0000-000000000001")
        assert api.get(f"{URL}/{job_id}").json()["data"]["status"] == word
        assert api.get(f"{URL}?status:={word}").json()["data"]["totalItems"] == 1

    @pytest.mark.parametrize("query", ["perPage=0", "order=id", "order=owner:asc", "status:=running", "owner:=1"])
    def test_what_the_list_refuses(self, api: APIClient, query: str) -> None:
        assert api.get(f"{URL}?{query}").status_code == 422

    def test_the_lists_queries_do_not_grow(self, api: APIClient, dream: Effect) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as caught:
                assert api.get(URL).status_code == 200
            return len(caught)

        api.post(URL, asked(dream))
        few = queries()
        for number in range(3):
            api.post(URL, asked(dream, f"more {number}"))
        assert queries() == few <= 3

    @pytest.mark.parametrize(("method", "url"), [("get", "{}"), ("post", "{}/cancel")])
    def test_anonymous_401_colleague_403_stranger_404(
        self, api: APIClient, anonymous: APIClient, user: User, dream: Effect, make_user: UserFactory,
        client_of: ClientOf, method: str, url: str,
    ) -> None:  # fmt: skip
        job_id = api.post(URL, asked(dream)).json()["data"]["id"]
        colleague, stranger = client_of(make_user(tenant=user.tenant)), client_of(make_user())
        for client, expected in ((anonymous, 401), (colleague, 403), (stranger, 404)):
            assert getattr(client, method)(f"{URL}/{url.format(job_id)}").status_code == expected
        assert jobs()[0].status == "queued"
        assert colleague.get(URL).json()["data"]["items"] == []


class TestEstimate:
    def test_it_tells_the_price_and_changes_nothing(
        self, api: APIClient, user: User, cartoon: Effect, video_id: int
    ) -> None:
        answer = api.post(f"{URL}/estimate", {"effect_id": cartoon.pk, "video_id": video_id})
        assert (answer.status_code, answer.json()["message"]) == (200, "AI job estimated successfully")
        assert answer.json()["data"] == {
            "effect_id": cartoon.pk,
            "required_tokens": 10,
            "balance": 50,
            "sufficient": True,
            "active_jobs": 0,
            "max_active_jobs": 5,
        }
        assert (jobs(), credits(user)) == ([], (50, 0))

    def test_a_video_that_is_being_rendered(self, api: APIClient, cartoon: Effect, video_id: int) -> None:
        api.post(URL, asked(cartoon, video_id=video_id))
        answer = api.post(f"{URL}/estimate", {"effect_id": cartoon.pk, "video_id": video_id})
        assert (answer.status_code, answer.json()["code"]) == (422, "video_busy")

    @pytest.mark.parametrize(
        ("changes", "status"),
        [({"effect_id": 999_999}, 422), ({"provider": "x"}, 422), ({"input_payload": {"speed": 1}}, 422),
         ({"video_id": None}, 422), ({"video_id": 999_999}, 404)],
    )  # fmt: skip
    def test_it_refuses_what_the_job_would_be_refused_for(
        self, api: APIClient, cartoon: Effect, video_id: int, changes: dict[str, Any], status: int
    ) -> None:
        body = {"effect_id": cartoon.pk, "video_id": video_id, **changes}
        assert api.post(f"{URL}/estimate", body).status_code == status


@pytest.mark.django_db(transaction=True)
def test_from_the_upload_to_the_gallery(
    api: APIClient, anonymous: APIClient, user: User, cartoon: Effect, upload_clip: Upload
) -> None:
    submitted = api.post(URL, asked(cartoon, input_file_id=upload_clip())).json()["data"]
    tasks.render(submitted["id"])
    job = api.get(f"{URL}/{submitted['id']}").json()["data"]
    assert (job["status"], job["progress"], job["frames_done"], job["error"]) == ("completed", 100, 12, None)
    assert credits(user) == (40, 0)
    video = api.get(f"/api/videos/{submitted['video_id']}").json()["data"]
    assert (video["status"], video["effect"]["slug"]) == ("completed", "cartoon-style")
    for name in ("processed_file_url", "poster_url", "thumbnail_url", "sprite_url"):
        assert api.get(video[name]).status_code == 200, name
    assert api.post(f"/api/videos/{video['id']}/publish").status_code == 200
    (shown,) = anonymous.get("/api/gallery").json()["data"]["items"]
    assert shown["effect"] == video["effect"]
    assert anonymous.get(shown["processed_file_url"]).status_code == 200


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def submit(self, client: APIClient, bodies: list[dict[str, Any]]) -> list[tuple[int, str]]:
        """What each of the bodies, sent at once, is answered: its status and its code or job."""

        def post(body: dict[str, Any]) -> tuple[int, str]:
            try:
                # A client of its own: one client's state is not made for threads.
                mine = APIClient()
                mine.credentials(**client._credentials)
                answer = mine.post(URL, body)
                found = answer.json()
                return answer.status_code, found.get("code") or found["data"]["dispatch_id"]
            finally:
                connections.close_all()

        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(post, bodies))

    def test_fifty_with_one_key_make_one_job_and_one_hold(self, api: APIClient, user: User, dream: Effect) -> None:
        answers = self.submit(api, [asked(dream)] * 50)
        (job,) = jobs()
        assert set(answers) == {(200, job.dispatch_id)}
        with all_tenants():
            assert (CreditHold.objects.count(), Video.objects.count()) == (1, 1)
        assert credits(user) == (50, 10)

    def test_fifty_with_different_keys_stay_below_the_limit(self, api: APIClient, user: User, dream: Effect) -> None:
        with tenant_scope(user.tenant_id):
            enroll(
                wallet=open_credit_wallet(user=user), amount=1000, description="More", reference_type="test",
                reference_id=1, idempotency_key="more",
            )  # fmt: skip
        answers = self.submit(api, [asked(dream, str(number)) for number in range(50)])
        refused = [code for status, code in answers if status == 422]
        assert refused == ["too_many_jobs"] * 45
        assert len(jobs()) == 5
        assert credits(user) == (1050, 50)

    def test_fifty_with_different_keys_stay_within_the_balance(self, api: APIClient, user: User, dream: Effect) -> None:
        # Three times 15 fit into 50.
        Effect.objects.filter(pk=dream.pk).update(credits_cost=15)
        answers = self.submit(api, [asked(dream, str(number)) for number in range(50)])
        assert sorted({code for status, code in answers if status == 422}) == ["insufficient_credits"]
        assert len(jobs()) == 3
        assert credits(user) == (50, 45)
        with all_tenants():
            assert audit() == []
