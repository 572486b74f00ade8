"""Jobs for an encoder outside: refused without one, their tickets written and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from commerce.services.audit import audit
from effects.models import Effect
from studio.models import ModelFile
from studio.services.jobs.lifecycle import fail_render
from studio.tests.applied import JOBS_URL as URL
from studio.tests.applied import asked, credits, jobs
from tenants.scope import all_tenants

# The tickets follow the commit.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def model(tiny_model: ModelFile) -> ModelFile:
    return tiny_model


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.WATCH_PATHS = [str(tmp_path / "watched"), str(tmp_path / "second")]
    return tmp_path / "watched"


def submit(api: APIClient, dream: Effect) -> int:
    answer = api.post(URL, asked(dream, provider="external"))
    assert answer.status_code == 200, answer.json()
    return answer.json()["data"]["id"]


@pytest.mark.parametrize("url", [URL, f"{URL}/estimate"])
def test_without_an_encoder_it_is_refused(api: APIClient, user: User, dream: Effect, url: str) -> None:
    answer = api.post(url, asked(dream, provider="external"))
    assert (answer.status_code, answer.json()["data"]) == (422, {"provider": ["There is no external encoder here."]})
    assert (jobs(), credits(user)) == ([], (50, 0))


def test_the_price_is_the_estimates(api: APIClient, user: User, dream: Effect, folder: Path) -> None:
    estimate = api.post(f"{URL}/estimate", {"effect_id": dream.pk, "provider": "external"}).json()["data"]
    job_id = submit(api, dream)
    assert (folder / f"job-{job_id}.json").exists()
    assert credits(user) == (50, estimate["required_tokens"])


def test_a_cancelled_job_takes_its_ticket_back(api: APIClient, user: User, dream: Effect, folder: Path) -> None:
    job_id = submit(api, dream)
    assert api.post(f"{URL}/{job_id}/cancel").status_code == 200
    assert list(folder.iterdir()) == []
    assert credits(user) == (50, 0)


def test_a_deleted_video_takes_its_ticket_back(api: APIClient, user: User, dream: Effect, folder: Path) -> None:
    submit(api, dream)
    assert api.delete(f"/api/videos/{jobs()[0].video_id}").status_code == 204
    assert list(folder.iterdir()) == []
    assert credits(user) == (50, 0)


def test_a_failed_job_takes_its_ticket_back(api: APIClient, dream: Effect, folder: Path) -> None:
    submit(api, dream)
    with all_tenants():
        assert fail_render(jobs()[0], lease_id=None, code="render_failed", message="No.")
    assert list(folder.iterdir()) == []


def test_a_ticket_that_cannot_be_written_costs_nothing(api: APIClient, user: User, dream: Effect, folder: Path) -> None:
    folder.write_text("in the way of the folder")
    job_id = submit(api, dream)
    job = api.get(f"{URL}/{job_id}").json()["data"]
    assert (job["status"], job["error_code"]) == ("failed", "provider_unavailable")
    assert credits(user) == (50, 0)
    with all_tenants():
        assert audit() == []
