"""An effect's price buys the effect, and nothing else, by whichever door the render comes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from rest_framework.test import APIClient

from accounts.models import User
from commerce.models import FinanceOperation
from commerce.services.audit import audit
from commerce.services.ledger import enroll
from commerce.services.wallets import open_credit_wallet
from effects.models import Effect
from studio.models import ModelFile, RenderJob, Video
from studio.services.jobs.lifecycle import complete_render, retry_render
from studio.services.jobs.queue import claim_next
from studio.tests.applied import JOBS_URL as URL
from studio.tests.applied import asked, credits, jobs
from tenants.scope import all_tenants, tenant_scope

pytestmark = pytest.mark.django_db

PER_FRAME = 7
FLAT = 10
# Twelve frames of the animation.
FULL = 12 * PER_FRAME


@pytest.fixture(autouse=True)
def model(tiny_model: ModelFile, user: User) -> ModelFile:
    tiny_model.price_per_frame = PER_FRAME
    tiny_model.save()
    with tenant_scope(user.tenant_id):
        enroll(
            wallet=open_credit_wallet(user=user), amount=950, description="More", reference_type="test",
            reference_id=1, idempotency_key="more",
        )  # fmt: skip
    return tiny_model


@pytest.fixture
def cancelled(api: APIClient, dream: Effect) -> int:
    """The video of an effect's job that was cancelled: its parameters are remembered."""
    job = api.post(URL, asked(dream)).json()["data"]
    api.post(f"{URL}/{job['id']}/cancel")
    return job["video_id"]


def newest() -> RenderJob:
    return jobs()[-1]


def finalize(api: APIClient, video_id: int, **changes: Any) -> RenderJob:
    answer = api.post("/api/finalize", {"videoId": video_id, **changes})
    assert answer.status_code == 200, answer.json()
    return newest()


class TestFinalize:
    def test_the_effect_itself_costs_its_price(self, api: APIClient, user: User, cancelled: int, dream: Effect) -> None:
        job = finalize(api, cancelled)
        assert (job.price, job.effect_id, credits(user)) == (FLAT, dream.pk, (1000, FLAT))

    def test_saying_the_same_again_changes_nothing(self, api: APIClient, cancelled: int) -> None:
        assert finalize(api, cancelled, prompt="a dream", length=1).price == FLAT

    @pytest.mark.parametrize(
        ("changes", "price"),
        [
            ({"prompt": "my own film"}, FULL),
            ({"negative_prompt": "blue"}, FULL),
            ({"steps": 9}, FULL),
            ({"length": 2}, 2 * FULL),
            ({"fps": 24}, 2 * FULL),
            ({"cfgScale": 9}, FULL),
            ({"denoising": 0.9}, FULL),
            ({"schedules": {"zoom": "0:(1.2)"}}, FULL),
            ({"deepcache": 2}, FULL),
        ],
    )
    def test_anything_of_ones_own_costs_the_models(
        self, api: APIClient, user: User, cancelled: int, changes: dict[str, Any], price: int
    ) -> None:
        job = finalize(api, cancelled, **changes)
        assert (job.price, job.hold.amount, job.effect_id) == (price, price, None)
        assert (job.hold.effect_id, job.video.effect_id) == (None, None)
        assert credits(user) == (1000, price)

    def test_another_model_costs_its_own(self, api: APIClient, cancelled: int, model: ModelFile) -> None:
        other = ModelFile.objects.get(pk=model.pk)
        other.pk, other.slug, other.name, other.is_default, other.price_per_frame = None, "other", "Other", False, 9
        other.save()
        assert finalize(api, cancelled, modelId=other.pk).price == 9 * 12

    def test_a_changed_template_is_another_effect(self, api: APIClient, cancelled: int, dream: Effect) -> None:
        Effect.objects.filter(pk=dream.pk).update(parameters={"prompt": "a nightmare", "length": 1, "fps": 12})
        assert finalize(api, cancelled).price == FULL

    @pytest.mark.parametrize("changes", [{"is_active": False}, {"deleted_at": "2026-01-01T00:00:00Z"}])
    def test_an_effect_that_is_gone_sells_nothing(
        self, api: APIClient, cancelled: int, dream: Effect, changes: dict[str, Any]
    ) -> None:
        Effect.objects.filter(pk=dream.pk).update(**changes)
        assert finalize(api, cancelled).price == FULL

    def test_a_video_that_waits_for_its_effect_alone(self, api: APIClient, video_id: int, cartoon: Effect) -> None:
        job = finalize(api, video_id)
        assert (job.price, job.effect_id, job.parameters["prompt"]) == (FLAT, cartoon.pk, "a cartoon, happy")

    def test_a_restyled_video_with_ones_own_prompt(self, api: APIClient, video_id: int) -> None:
        job = finalize(api, video_id, prompt="my own film")
        assert (job.price, job.effect_id) == (job.frames_total * PER_FRAME, None)

    def test_a_seed_that_the_effect_sets_is_part_of_it(self, api: APIClient, video_id: int) -> None:
        assert finalize(api, video_id, seed=8).effect_id is None

    def test_finished_with_ones_own_prompt_is_no_use_of_the_effect(
        self, api: APIClient, user: User, cancelled: int, dream: Effect
    ) -> None:
        finalize(api, cancelled, prompt="my own film")
        complete(user)
        dream.refresh_from_db()
        assert dream.use_count == 0
        with tenant_scope(user.tenant_id):
            entry = FinanceOperation.objects.get(reference_type="ai_job")
        assert (entry.amount, entry.effect_id, entry.effect_name) == (FULL, None, "")
        assert credits(user) == (1000 - FULL, 0)
        with all_tenants():
            assert audit() == []


class TestOtherDoors:
    def test_a_preview_of_the_effect_is_its_finals(self, api: APIClient, user: User, cancelled: int) -> None:
        preview = api.post("/api/generate", {"videoId": cancelled, "type": "deforum", "prompt": "a dream", "length": 1,
                                             "fps": 12})  # fmt: skip
        assert preview.status_code == 200
        job = newest()
        # A preview is the model's, at its share, and no use of the effect.
        assert (job.price, job.effect_id) == (4, None)
        complete(user)
        assert finalize(api, cancelled).price == FLAT

    def test_a_preview_with_ones_own_prompt_is_not(self, api: APIClient, user: User, cancelled: int) -> None:
        body = {"videoId": cancelled, "type": "deforum", "prompt": "my own film", "length": 1, "fps": 12}
        assert api.post("/api/generate", body).status_code == 200
        complete(user)
        job = finalize(api, cancelled)
        assert (job.price, job.effect_id, job.video.effect_id) == (FULL, None, None)

    def test_again_costs_what_is_rendered_again(self, api: APIClient, user: User, cancelled: int) -> None:
        finalize(api, cancelled, prompt="my own film")
        api.post(f"/api/cancelJob/{cancelled}")
        prices = [retry(user, job).price for job in jobs()]
        assert prices == [FLAT, FULL]

    def test_again_is_the_effect_even_after_its_template_changed(
        self, api: APIClient, user: User, cancelled: int, dream: Effect
    ) -> None:
        Effect.objects.filter(pk=dream.pk).update(parameters={"prompt": "a nightmare", "length": 1, "fps": 12})
        assert retry(user, newest()).price == FLAT

    def test_the_effect_of_another_payload(self, api: APIClient, cartoon: Effect, video_id: int, user: User) -> None:
        for key, mood in (("one", "calm"), ("two", "wild")):
            job = api.post(URL, asked(cartoon, key, video_id=video_id, input_payload={"mood": mood})).json()["data"]
            api.post(f"{URL}/{job['id']}/cancel")
        assert [retry(user, job).price for job in jobs()] == [FLAT, FLAT]

    def test_the_estimate_is_the_price(self, api: APIClient, user: User, dream: Effect) -> None:
        estimate = api.post(f"{URL}/estimate", {"effect_id": dream.pk}).json()["data"]
        api.post(URL, asked(dream))
        assert credits(user) == (1000, estimate["required_tokens"])


class TestBounds:
    @pytest.mark.parametrize(
        ("parameter", "value"),
        [("steps", 100_000), ("steps", 0), ("steps", 2.5), ("length", 4000), ("length", 0), ("fps", 240),
         ("cfgScale", 49), ("denoising", 0), ("denoising", 1e308)],
    )  # fmt: skip
    @pytest.mark.parametrize("door", ["job", "estimate", "video"])
    def test_a_property_without_a_range_has_generates(
        self, api: APIClient, user: User, dream: Effect, upload_clip: Callable[[], int], parameter: str, value: Any,
        door: str,
    ) -> None:  # fmt: skip
        Effect.objects.filter(pk=dream.pk).update(
            parameters={"prompt": "a dream", parameter: "{{how_much}}"},
            configurable_properties=[{"key": "how_much", "type": "number"}],
        )
        body: dict[str, Any] = {"effect_id": dream.pk, "input_payload": {"how_much": value}}
        if door == "video":
            answer = api.post("/api/videos", {**body, "original_file_id": upload_clip()})
        elif door == "job":
            answer = api.post(URL, {**body, "idempotency_key": "one"})
        else:
            answer = api.post(f"{URL}/estimate", body)
        assert (answer.status_code, list(answer.json()["data"])) == (422, ["input_payload.how_much"])
        assert (jobs(), credits(user)) == ([], (1000, 0))

    @pytest.mark.parametrize(
        ("parameter", "value"),
        [("steps", 100_000), ("length", 4000), ("prompt", 5), ("prompt", "x" * 4001), ("controlnet", "telepathy"),
         ("controlnet", [{"type": "canny", "weight": 9}]), ("schedules", "zoom"), ("preset", {}), ("seed", 2**32)],
    )  # fmt: skip
    def test_a_template_has_them_too(self, api: APIClient, dream: Effect, parameter: str, value: Any) -> None:
        Effect.objects.filter(pk=dream.pk).update(parameters={"prompt": "a dream", parameter: value})
        answer = api.post(URL, asked(dream))
        assert (answer.status_code, list(answer.json()["data"])) == (422, [parameter])

    def test_an_estimate_is_refused_for_what_the_job_would_be(self, api: APIClient, dream: Effect) -> None:
        Effect.objects.filter(pk=dream.pk).update(parameters={"prompt": "a dream", "preset": "nobody's"})
        for answer in (api.post(URL, asked(dream)), api.post(f"{URL}/estimate", {"effect_id": dream.pk})):
            assert (answer.status_code, list(answer.json()["data"])) == (422, ["preset"])


@pytest.mark.django_db(transaction=True)
class TestAtTheSameTime:
    @pytest.mark.parametrize("attempt", range(3))
    def test_a_final_of_ones_own_never_gets_the_effects_price(
        self, api: APIClient, user: User, cancelled: int, dream: Effect, attempt: int
    ) -> None:
        def ask(number: int) -> None:
            client = APIClient(headers={"Authorization": api._credentials["HTTP_AUTHORIZATION"]})
            if number % 2:
                client.post(URL, asked(dream, f"race-{number}", video_id=cancelled), format="json")
            else:
                client.post("/api/finalize", {"videoId": cancelled, "prompt": "my own film"}, format="json")
            client.post(f"/api/cancelJob/{cancelled}")
            connections.close_all()

        with ThreadPoolExecutor(6) as threads:
            list(threads.map(ask, range(12)))
        for job in jobs():
            own = job.parameters["prompt"] == "my own film"
            assert (job.price, job.effect_id) == ((FULL, None) if own else (FLAT, dream.pk))
        assert credits(user)[0] == 1000
        with all_tenants():
            assert audit() == []


def complete(user: User) -> None:
    job = claim_next(worker="test", queues=["low", "medium", "high"])
    assert job is not None
    with tenant_scope(user.tenant_id):
        assert complete_render(job, lease_id=job.lease_id, files={"output": None}, seconds_per_frame=None)


def retry(user: User, job: RenderJob) -> RenderJob:
    with tenant_scope(user.tenant_id):
        again = retry_render(RenderJob.objects.get(pk=job.pk))
        Video.objects.filter(pk=job.video_id).update(status=Video.Status.CANCELLED)
        assert again.move(RenderJob.Status.CANCELLED)
    return again
