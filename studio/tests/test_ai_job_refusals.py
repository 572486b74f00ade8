"""What AI jobs are refused for: document B's error table."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from effects.models import Effect
from studio.models import ModelFile, Video
from studio.tests.applied import JOBS_URL as URL
from studio.tests.applied import ClientOf, Upload, announcement, asked, credits, jobs
from tenants.scope import all_tenants
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def model(tiny_model: ModelFile) -> ModelFile:
    return tiny_model


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"effect_id": None}, "effect_id"),
            ({"effect_id": 999_999}, "effect_id"),
            ({"idempotency_key": None}, "idempotency_key"),
            ({"idempotency_key": ""}, "idempotency_key"),
            ({"idempotency_key": 5}, "idempotency_key"),
            ({"idempotency_key": "x" * 256}, "idempotency_key"),
            ({"provider": "telepathy"}, "provider"),
            ({"video_id": "x"}, "video_id"),
            ({"input_file_id": -1}, "input_file_id"),
            ({"input_payload": {"speed": 1}}, "input_payload.speed"),
            ({"input_payload": {"intensity": 1.5}}, "input_payload.intensity"),
            ({"input_payload": "fast"}, "input_payload"),
            ({"priority": 101}, "priority"),
            ({"priority": -101}, "priority"),
            ({"priority": 1.5}, "priority"),
            ({"video_id": None}, "video_id"),
        ],
    )
    def test_what_breaks_a_rule_is_named(
        self, api: APIClient, user: User, cartoon: Effect, video_id: int, changes: dict[str, Any], field: str
    ) -> None:
        answer = api.post(URL, {**asked(cartoon, video_id=video_id), **changes})
        assert (answer.status_code, list(answer.json()["data"])) == (422, [field]), answer.json()
        assert jobs() == []
        assert credits(user) == (50, 0)

    def test_a_file_that_was_never_sent(self, api: APIClient, cartoon: Effect, clip: bytes) -> None:
        file_id = api.post("/api/videos/uploads", announcement(cartoon, clip)).json()["data"]["file"]["id"]
        answer = api.post(URL, asked(cartoon, input_file_id=file_id))
        assert (answer.status_code, answer.json()["code"]) == (422, "file_not_uploaded")
        assert list(answer.json()["data"]) == ["input_file_id"]

    def test_a_broken_file_stays_rejected(
        self, api: APIClient, cartoon: Effect, upload_clip: Upload, clip: bytes
    ) -> None:
        file_id = upload_clip(content=clip[:-100])
        answer = api.post(URL, asked(cartoon, input_file_id=file_id))
        assert (answer.status_code, answer.json()["code"]) == (422, "file_rejected")
        assert api.get(f"/api/files/{file_id}").json()["data"]["status"] == "rejected"

    def test_a_file_that_is_not_the_videos(
        self, api: APIClient, cartoon: Effect, video_id: int, upload_clip: Upload
    ) -> None:
        answer = api.post(URL, asked(cartoon, video_id=video_id, input_file_id=upload_clip()))
        assert (answer.status_code, list(answer.json()["data"])) == (422, ["input_file_id"])

    def test_a_payload_file_is_ones_own_and_of_its_kind(
        self, api: APIClient, cartoon: Effect, video_id: int, upload_clip: Upload, make_user: UserFactory,
        client_of: ClientOf,
    ) -> None:  # fmt: skip
        mine = asked(cartoon, video_id=video_id, input_payload={"backdrop": upload_clip()})
        answer = api.post(URL, mine)
        assert (answer.status_code, list(answer.json()["data"])) == (422, ["input_payload.backdrop"])
        foreign = upload_clip(by=client_of(make_user()))
        answer = api.post(URL, asked(cartoon, "two", video_id=video_id, input_payload={"backdrop": foreign}))
        assert answer.status_code == 404
        assert jobs() == []

    @pytest.mark.parametrize("changes", [{"is_active": False}, {"deleted_at": timezone.now()}])
    def test_an_effect_that_is_gone_is_404(self, api: APIClient, dream: Effect, changes: dict[str, Any]) -> None:
        Effect.objects.filter(pk=dream.pk).update(**changes)
        assert api.post(URL, asked(dream)).status_code == 404

    @pytest.mark.parametrize("name", ["video_id", "input_file_id"])
    def test_what_never_existed_is_404(self, api: APIClient, cartoon: Effect, name: str) -> None:
        assert api.post(URL, asked(cartoon, **{name: 999_999})).status_code == 404

    @pytest.mark.parametrize("name", ["video_id", "input_file_id"])
    def test_anonymous_401_colleague_403_stranger_404(
        self, anonymous: APIClient, user: User, cartoon: Effect, video_id: int, upload_clip: Upload,
        make_user: UserFactory, client_of: ClientOf, name: str,
    ) -> None:  # fmt: skip
        body = asked(cartoon, **{name: video_id if name == "video_id" else upload_clip()})
        colleague, stranger = client_of(make_user(tenant=user.tenant)), client_of(make_user())
        for client, expected in ((anonymous, 401), (colleague, 403), (stranger, 404)):
            assert client.post(URL, body).status_code == expected
        assert jobs() == []

    def test_too_few_credits(self, api: APIClient, user: User, dream: Effect) -> None:
        Effect.objects.filter(pk=dream.pk).update(credits_cost=51)
        answer = api.post(URL, asked(dream))
        assert (answer.status_code, answer.json()["code"]) == (422, "insufficient_credits")
        assert answer.json()["data"] == {"required_tokens": 51, "balance": 50}
        assert (jobs(), credits(user)) == ([], (50, 0))
        with all_tenants():
            assert not Video.objects.exists()

    def test_five_at_a_time_and_a_replay_before_the_limit(self, api: APIClient, dream: Effect) -> None:
        first = api.post(URL, asked(dream, "0"))
        for number in range(1, 5):
            assert api.post(URL, asked(dream, str(number))).status_code == 200
        answer = api.post(URL, asked(dream, "5"))
        assert (answer.status_code, answer.json()["code"]) == (422, "too_many_jobs")
        assert answer.json()["data"] == {"active_jobs": 5, "limit": 5}
        replay = api.post(URL, asked(dream, "0"))
        assert (replay.status_code, replay.json()) == (200, first.json())
        other = api.post(URL, asked(dream, "0", priority=3))
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_conflict")
        assert len(jobs()) == 5

    def test_a_busy_video(self, api: APIClient, cartoon: Effect, video_id: int) -> None:
        api.post(URL, asked(cartoon, video_id=video_id))
        answer = api.post(URL, asked(cartoon, "two", video_id=video_id))
        assert (answer.status_code, answer.json()["code"]) == (422, "video_busy")
