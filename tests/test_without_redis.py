"""The site while Redis is gone, or takes connections and never answers: everything that the rows know is answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver

from accounts.models import User
from accounts.services import Device, open_session
from config.stack.redis import Redis
from effects.models import Effect
from gallery.models import GalleryItem
from gallery.services import publish
from messaging.services import open_chat
from studio.models import ModelFile, RenderJob, Video
from tenants.scope import all_tenants, tenant_scope
from tests.fixtures import PASSWORD, UserFactory
from tests.lives import rendered
from tests.patience import Stopwatch
from tests.relay import Relay
from tests.waiting import until
from tests.web_server import WebServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

SUBMIT_SECONDS = 1.0
READ_SECONDS = 3.0
"""An admin page on a machine that is busy with other tests; a Redis that is waited for costs more, again and again."""
QUEUE_PAGES = re.compile(r"django[-_]rq/")
"""They show what is in Redis, and can only say that it is away."""
LOGINS = 4
"""A minute, of one address and account."""


@dataclass
class Site:
    web: WebServer
    relay: Relay
    redis: Redis


@pytest.fixture(scope="module")
def running(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    redis = Redis(tmp_path_factory.mktemp("redis"))
    redis.start()
    with Relay(unquote(str(redis.socket))) as relay:
        address = f"redis://{relay.address[0]}:{relay.address[1]}/0"
        # The default, which the tests have raised for everybody else.
        environment = {"REDIS_URL": address, "REDIS_TIMEOUT_SECONDS": "0.5", "THROTTLE_LOGIN": f"{LOGINS}/min"}
        with WebServer(environment=environment) as web:
            yield Site(web, relay, redis)
    redis.stop()


@pytest.fixture
def site(running: Site) -> Iterator[Site]:
    yield running
    running.relay.come_back()
    until(lambda: state_of_redis(running) == "up", "Redis again")


@pytest.fixture(params=["gone", "hanging"])
def lonely(request: pytest.FixtureRequest, site: Site) -> Site:
    """The site without Redis."""
    if request.param == "gone":
        site.relay.go()
    else:
        site.relay.hang()
    return site


@pytest.fixture
def effect(db: None) -> Effect:
    return Effect.objects.create(name="Cartoon", slug="cartoon", type="video_transform", credits_cost=10)


def state_of_redis(site: Site) -> str:
    return site.web.ask("GET", "/api/status").json()["data"]["services"]["redis"]


def token_of(user: User) -> str:
    return open_session(user=user, device=Device()).access


def shown_in_gallery(video: Video) -> GalleryItem:
    with tenant_scope(video.tenant_id):
        return publish(video)


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, path)
        else:
            yield path, pattern


def readable(values: dict[str, Any]) -> list[str]:
    """A path for every route that is no answer to unknown ones."""
    plain = [path.replace("\\Z", "") for path, _ in routes() if "^" not in path and "(?P" not in path]
    fill = lambda found: str(values.get(found[2], "1" if found[1] in ("int:", "") else "x"))  # noqa: E731
    filled = [re.sub(r"<(\w+:)?(\w+)>", fill, path) for path in plain]
    return ["/" + path for path in filled if "logout" not in path and not QUEUE_PAGES.search(path)]


def test_every_read_answers(
    lonely: Site, make_user: UserFactory, media_dir: Path, effect: Effect, tiny_model: ModelFile
) -> None:
    user = make_user(role=User.Role.SUPER_ADMINISTRATOR)
    video = rendered(user, media_dir)
    item = shown_in_gallery(video)
    chat = open_chat(user=user, recipient_id=make_user().pk)
    browser = Client()
    browser.force_login(user)
    cookies = {name: morsel.value for name, morsel in browser.cookies.items()}
    values = {"video_id": video.pk, "item_id": item.pk, "chat_id": chat.pk, "slug": effect.slug}
    slow, broken, statuses = [], [], []
    for path in readable(values):
        signed_in = {"token": token_of(user)} if path.startswith(("/api/", "/status/")) else {"cookies": cookies}
        with Stopwatch() as watch:
            answer = lonely.web.ask("GET", path, **signed_in)
        statuses.append(answer.status_code)
        if answer.status_code >= 500:
            broken.append((path, answer.status_code))
        if watch.seconds > READ_SECONDS:
            slow.append((path, round(watch.seconds, 1)))
    assert not broken
    assert not slow
    assert statuses.count(200) > 90
    queues = lonely.web.ask("GET", "/django-rq/", cookies=cookies)
    assert (queues.status_code, queues.headers["Retry-After"]) == (503, "2")


def test_lists_are_those_of_the_rows(lonely: Site, make_user: UserFactory, media_dir: Path, effect: Effect) -> None:
    user = make_user()
    item = shown_in_gallery(rendered(user, media_dir))
    for path, key in (("/api/gallery", item.pk), ("/api/effects", effect.pk)):
        answer = lonely.web.ask("GET", path)
        assert answer.status_code == 200, answer.text
        assert [row["id"] for row in answer.json()["data"]["items"]] == [key]
        assert answer.json()["data"]["totalItems"] == 1
    liked = lonely.web.ask("POST", f"/api/gallery/{item.pk}/like", token_of(user))
    assert (liked.status_code, liked.json()["data"]["likes"]) == (200, 1)
    assert lonely.web.ask("GET", f"/api/gallery/{item.pk}").status_code == 200


def test_a_render_is_submitted_within_a_second(lonely: Site, make_user: UserFactory, tiny_model: ModelFile) -> None:
    body = {"type": "deforum", "prompt": "a red sea", "length": 1, "fps": 8}
    # The first of a process loads what checks a plan.
    assert lonely.web.ask("POST", "/api/generate", token_of(make_user()), json=body).status_code == 200
    user = make_user()
    with Stopwatch() as watch:
        answer = lonely.web.ask("POST", "/api/generate", token_of(user), json=body)
    assert watch.seconds < SUBMIT_SECONDS
    assert answer.status_code == 200, answer.text
    with all_tenants():
        assert RenderJob.objects.get(owner=user).status == RenderJob.Status.QUEUED


def test_people_come_in_and_write(lonely: Site, make_user: UserFactory) -> None:
    ann, bob = make_user(), make_user()
    entered = lonely.web.ask("POST", "/api/login", json={"email": ann.email, "password": PASSWORD})
    assert entered.status_code == 200, entered.text
    token = entered.json()["data"]["token"]
    chat = lonely.web.ask("POST", "/api/chats", token, json={"recipientUserId": bob.pk}).json()["data"]["id"]
    sent = lonely.web.ask("POST", "/api/messages", token, json={"chatId": chat, "message": "hello"})
    assert sent.status_code in (200, 201), sent.text
    asked = lonely.web.ask("POST", "/api/support-request", token, json={"text": "Help", "subject": 8})
    assert asked.status_code in (200, 201), asked.text
    news = lonely.web.ask("GET", "/api/events", token)
    assert news.status_code == 200
    assert "event: ready" in news.text
    assert "id:" not in news.text, "a client keeps its place"


def test_guessing_stays_limited(lonely: Site) -> None:
    # Nobody whom another test has counted.
    body = {"email": f"{uuid4().hex}@example.com", "password": "wrong"}
    answers = [lonely.web.ask("POST", "/api/login", json=body).status_code for _ in range(2 * LOGINS + 1)]
    # Two windows at most.
    assert answers.count(401) <= 2 * LOGINS
    assert set(answers) == {401, 429}


def test_the_status_page_is_quick_and_tells(lonely: Site) -> None:
    until(lambda: state_of_redis(lonely) == "down", "notice of the outage")
    with Stopwatch() as watch:
        answer = lonely.web.ask("GET", "/api/status")
    assert watch.seconds < READ_SECONDS
    assert (answer.status_code, answer.json()["data"]["status"]) == (200, "degraded")


@pytest.mark.parametrize("way", ["gone", "hanging"])
def test_what_left_the_gallery_meanwhile_does_not_come_back(
    site: Site, make_user: UserFactory, media_dir: Path, way: str
) -> None:
    user = make_user()
    video, token = rendered(user, media_dir), token_of(user)

    def shown() -> list[str]:
        return [row["title"] for row in site.web.ask("GET", "/api/gallery?perPage=100").json()["data"]["items"]]

    site.web.ask("POST", f"/api/videos/{video.pk}/publish", token).raise_for_status()
    # Now the process keeps the answer, under a token that Redis has.
    assert shown() == [video.title]
    if way == "gone":
        site.relay.go()
    else:
        site.relay.hang()
    site.web.ask("POST", f"/api/videos/{video.pk}/unpublish", token).raise_for_status()
    assert shown() == []
    site.relay.come_back()
    seen = []

    def back() -> bool:
        seen.append(shown())
        return state_of_redis(site) == "up"

    until(back, "Redis again")
    seen.append(shown())
    assert seen == [[]] * len(seen)
