"""Requests of chance, each from its seed: whatever is asked for is taken or refused in the documented words."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any

import orjson
import pytest
from rest_framework.test import APIClient

from accounts.models import User
from studio.models import MediaFile, ModelFile, Video
from studio.rendering.deforum.settings import DeforumSettings
from studio.requests.types import TYPES, all_parameters
from studio.services.catalogue.seeding import seed_catalogue
from studio.services.files.store import store_file
from studio.tests.parameter_values import cases
from tenants.scope import tenant_scope
from tests.undone import undone

pytestmark = pytest.mark.django_db

SEEDS = range(400)
CASES = list(cases())
SETTINGS = [of.name for of in fields(DeforumSettings)]
TEXTS = (
    "", " ", "a fox", "\x01", "é" * 5000, "NaN", "Infinity", "1e400", "-0", "0:(1)", "0:(t/0)", "0:(1", "canny", "null",
    "true", "<lora:x:1>", "{{x}}", "(a:1.5)", "BREAK", "0x1F", "１２", "9" * 400, "0:(sin(t)**t)", "0:(10**400)",
    "0:(nan)", "0: (1), 5: (2)", "--neg x", "[a:b:0.5]", "a\r\nb", "\u202e", "0:(max_f)", "0:((-1)**0.5)",
)  # fmt: skip
NUMBERS = (0, -0.0, 1, -1, 2, 5, 7.5, 2**31, 2**63, -(2**63), 1e19, -1e30, 1e308, 1e-320, True, False)
FRAMES = ("0", "3", "x", "1e3", "-2", "max_f", "")
NAMES = ("type", "weight", "start", "end", "prompts", *FRAMES)


class Chance(random.Random):
    def anything(self, depth: int = 0) -> Any:
        kind = self.random()
        if kind < 0.35:
            return self.choice(TEXTS)
        if kind < 0.65:
            return self.choice(NUMBERS)
        if kind < 0.7:
            return None
        size = 0 if depth > 3 else self.randint(0, 4)
        if kind < 0.85:
            return [self.anything(depth + 1) for _ in range(size)]
        return {self.choice((*NAMES, *SETTINGS)): self.anything(depth + 1) for _ in range(size)}

    def schedules(self) -> dict[str, Any]:
        said = {self.choice(SETTINGS): self.anything() for _ in range(self.randint(1, 5))}
        if self.random() < 0.5:
            said["prompts"] = {self.choice(FRAMES): self.choice(TEXTS) for _ in range(self.randint(1, 3))}
        return said

    def request(self, videos: dict[str, int]) -> dict[str, Any]:
        """One that would be fine, and then a few things that are not."""
        workflow = self.choice(list(TYPES))
        fine = [(case.parameter, case.value) for case in CASES if case.workflow == workflow and case.fits]
        asked: dict[str, Any] = {"type": workflow, "videoId": videos[workflow], "prompt": "a fox", "steps": 2}
        if workflow == "deforum":
            asked |= {"length": 1, **({"schedules": self.schedules()} if self.random() < 0.6 else {})}
        asked |= dict(self.sample(fine, self.randint(0, 4)))
        names = (*all_parameters(), "type", "videoId", "wishes", "idempotency_key", "", "\x01")
        asked |= {self.choice(names): self.anything() for _ in range(self.randint(0, 2))}
        return asked


def test_no_request_is_more_than_the_studio_can_bear(
    api: APIClient, user: User, tiny_model: ModelFile, media_dir: Path, settings: Any
) -> None:
    settings.THROTTLES = {}
    seed_catalogue()
    api.raise_request_exception = False
    with tenant_scope(user.tenant_id):
        source = store_file(path=media_dir / "clip.mp4", owner=user, kind=MediaFile.Kind.SOURCE)
        videos = {
            workflow: Video.objects.create(tenant_id=user.tenant_id, owner=user, type=workflow, source=source).pk
            for workflow in TYPES
        }
    answered: Counter[int] = Counter()
    failed = {}
    for seed in SEEDS:
        body = orjson.dumps(Chance(seed).request(videos))
        with undone():
            answer = api.generic("POST", "/api/generate", body, "application/json")
        answered[answer.status_code] += 1
        if answer.status_code >= 500:
            failed[seed] = body
    assert failed == {}
    assert min(answered[200], answered[422]) > len(SEEDS) / 10, answered


@pytest.mark.parametrize("number", [1e19, -1e30, 1e308, 2**64 - 1])
def test_long_numbers_in_settings_come_back_as_they_were_sent(
    api: APIClient, tiny_model: ModelFile, number: float
) -> None:
    """The database keeps them in digits, which Python reads as integers that JSON's writer has no room for."""
    schedules = {"hybrid_comp_alpha_schedule": number}
    asked = {"type": "deforum", "prompt": "a sea", "length": 1, "schedules": schedules}
    answer = api.post("/api/generate", asked)
    assert answer.status_code == 200, answer.content
    told = api.get(f"/status/{answer.json()['data']['videoId']}").json()["data"]["generation_parameters"]
    assert told["schedules"] == schedules
