"""One key, one piece of work."""

import threading
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory

from config.api.envelope import ok
from config.api.errors import DomainError
from config.api.idempotency import forget_before, idempotent, idempotent_when_drafted, request_fingerprint
from config.api.models import IdempotencyRecord
from config.api.parsers import BoundedMultiPartParser
from tests.patience import Patience


def runs():
    return IdempotencyRecord.objects.filter(fingerprint="work").count()


def post(client, body=None, key=None, path="/api/work"):
    return client.post(path, body or {}, headers={"Idempotency-Key": key} if key else {})


def test_replay_answers_what_was_stored(signed_in):
    first = post(signed_in, {"prompt": "cat"}, "k1")
    second = post(signed_in, {"prompt": "cat"}, "k1")
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first.json()["data"] == {"run": 1, "key": "k1", "price": 9.99}
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert runs() == 1


def test_header_and_field_are_the_same_key(signed_in):
    first = post(signed_in, {"prompt": "cat", "idempotency_key": "k1"})
    second = post(signed_in, {"prompt": "cat"}, "k1")
    assert second.headers["Idempotency-Replayed"] == "true"
    assert first.json()["data"]["key"] == "k1"
    assert runs() == 1


def test_without_a_key_every_request_counts(signed_in):
    assert post(signed_in).json()["data"]["key"] is None
    post(signed_in)
    assert runs() == 2


@pytest.mark.parametrize(
    ("body", "path"),
    [({"prompt": "dog"}, "/api/work"), ({}, "/api/work"), ({"prompt": "cat"}, "/api/otherWork")],
)
def test_key_used_for_another_request_is_refused(signed_in, body, path):
    post(signed_in, {"prompt": "cat"}, "k1")
    response = post(signed_in, body, "k1", path)
    assert response.status_code == 422
    assert response.json()["code"] == "idempotency_conflict"
    assert runs() == 1


def test_order_of_fields_does_not_matter(signed_in):
    post(signed_in, {"a": 1, "b": 2}, "k1")
    assert post(signed_in, {"b": 2, "a": 1}, "k1").headers["Idempotency-Replayed"] == "true"


def test_keys_belong_to_their_user(signed_in, user):
    from accounts.models import User

    post(signed_in, {}, "k1")
    other = User.objects.create_user(email="b@example.com", password=None, tenant=user.tenant, name="B")
    client = APIClient()
    client.force_authenticate(other)
    assert post(client, {}, "k1").json()["data"]["run"] == 2


@pytest.mark.parametrize("outcome", ["raise", "answer"])
def test_failure_leaves_neither_work_nor_record(signed_in, outcome):
    response = post(signed_in, {"outcome": outcome}, "k1")
    assert response.status_code == 422
    assert IdempotencyRecord.objects.count() == 0
    assert post(signed_in, {}, "k1").status_code == 201


@pytest.mark.parametrize(
    ("header", "field"),
    [("x" * 256, None), (" ", None), ("", None), (None, ""), (None, 7), (None, ["k"]), (None, "a\nb"), ("k1", "k2")],
)
def test_bad_key_is_named(signed_in, header, field):
    body = {} if field is None else {"idempotency_key": field}
    headers = {} if header is None else {"Idempotency-Key": header}
    response = signed_in.post("/api/work", body, headers=headers)
    assert response.status_code == 422
    assert list(response.json()["data"]) == ["idempotency_key"]
    assert runs() == 0


def test_longest_key(signed_in):
    assert post(signed_in, {}, "x" * 255).status_code == 201


def test_anonymous_is_refused(client, db):
    assert post(client, {}, "k1").status_code == 401
    assert IdempotencyRecord.objects.count() == 0


def fingerprint_and_rest(content):
    """The fingerprint of an upload, and what is left to read of its file."""
    body = {"title": "t", "file": SimpleUploadedFile("a.mp4", content)}
    request = Request(
        APIRequestFactory().post("/api/work", body, format="multipart"), parsers=[BoundedMultiPartParser()]
    )
    with request.data["file"] as file:
        return request_fingerprint(request), file.read()


def test_files_count_by_content_and_stay_readable():
    (one, rest), (same, _), (other, _) = map(fingerprint_and_rest, (b"one", b"one", b"two"))
    assert one == same != other
    assert rest == b"one"


def test_forgetting_frees_old_keys(signed_in):
    post(signed_in, {}, "k1")
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(days=8))
    post(signed_in, {}, "k2")
    assert forget_before(timezone.now() - timedelta(days=7)) == 2
    assert set(IdempotencyRecord.objects.values_list("key", flat=True)) >= {"k2"}
    assert "Idempotency-Replayed" not in post(signed_in, {}, "k1").headers


class Race:
    """Two requests with one key at once. Each handler holds on until the other one runs too, or waits for a lock."""

    def __init__(self, user, decorate, fail_first=False):
        self.user = user
        self.fail_first = fail_first
        self.entered = []
        self.responses = []
        self.handler = decorate(type(self).handle)

    def handle(self, request):
        self.entered.append(threading.get_ident())
        first = len(self.entered) == 1
        if first:
            self.hold()
        if first and self.fail_first:
            return ok("failed", status=422)
        return ok({"run": len(self.entered)}, status=201)

    def hold(self):
        patience = Patience(20)
        with connection.cursor() as cursor:
            while len(self.entered) < 2 and not patience.exhausted:
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone()[0]:
                    return
        assert len(self.entered) == 2

    def request(self):
        try:
            request = Request(APIRequestFactory().post("/api/work", headers={"Idempotency-Key": "k1"}))
            request._user = self.user
            request._full_data = request._data = {}
            self.responses.append(self.handler(self, request))
        finally:
            connection.close()

    def run(self):
        threads = [threading.Thread(target=self.request) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(self.responses) == 2
        return self


@pytest.fixture
def racer(transactional_db, request):
    return request.getfixturevalue("user")


def test_two_at_once_run_once_and_get_one_answer(racer):
    race = Race(racer, idempotent).run()
    assert len(race.entered) == 1
    assert [response.data for response in race.responses] == [{"success": True, "data": {"run": 1}, "message": ""}] * 2
    assert sorted(response.has_header("Idempotency-Replayed") for response in race.responses) == [False, True]


def test_control_without_the_claim_both_run(racer):
    assert len(Race(racer, lambda handler: handler).run().entered) == 2


def test_the_waiting_one_runs_if_the_first_fails(racer):
    race = Race(racer, idempotent, fail_first=True).run()
    assert len(race.entered) == 2
    assert sorted(response.status_code for response in race.responses) == [201, 422]
    assert IdempotencyRecord.objects.get().status == 201


class Drafts:
    """A handler that draws up outside of the transaction; ``before`` is called while it does."""

    def __init__(self, user, before=lambda: None):
        self.user, self.before = user, before
        self.drawn, self.done = [], []

    @idempotent_when_drafted
    def handle(self, request):
        self.drawn.append(connection.in_atomic_block)
        self.before()

        def act():
            self.done.append(connection.in_atomic_block)
            return ok({"run": len(self.done)})

        return act

    def post(self, key="k1"):
        request = Request(APIRequestFactory().post("/api/work", headers={"Idempotency-Key": key} if key else {}))
        request._user, request._full_data, request._data = self.user, {}, {}
        return self.handle(request)


def test_what_is_drafted_is_drawn_up_without_a_transaction_and_done_within_one(racer):
    work = Drafts(racer)
    first, again, another = work.post(), work.post(), work.post("k2")
    assert (work.drawn, work.done) == ([False, False], [True, True])
    assert [answer.has_header("Idempotency-Replayed") for answer in (first, again, another)] == [False, True, False]
    assert first.data == again.data
    assert not work.post(None).has_header("Idempotency-Replayed")


def test_a_draft_that_fails_leaves_no_record(racer):
    def fail():
        raise DomainError("video_busy", "It is busy")

    with pytest.raises(DomainError, match="busy"):
        Drafts(racer, fail).post()
    assert IdempotencyRecord.objects.count() == 0


def test_a_draft_that_fails_of_what_the_same_request_has_done_meanwhile_gets_its_answer(racer):
    faster = Drafts(racer)

    def lose():
        faster.post()
        raise DomainError("video_busy", "It is busy")

    slower = Drafts(racer, lose)
    assert slower.post().has_header("Idempotency-Replayed")
    assert (slower.done, faster.done) == ([], [True])


def test_two_that_draw_up_at_once_do_it_once(racer):
    meet = threading.Barrier(2)
    work, answers = Drafts(racer, lambda: meet.wait(60)), []

    def post():
        try:
            answers.append(work.post())
        finally:
            connection.close()

    threads = [threading.Thread(target=post) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(work.drawn), len(work.done)) == (2, 1)
    assert sorted(answer.has_header("Idempotency-Replayed") for answer in answers) == [False, True]
