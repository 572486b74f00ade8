"""Renders in the staff panel, over HTTP: operations act, others look or are refused, and nothing of a user runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, User
from config.staff_many import MANY
from studio.models import ModelFile, RenderJob, Video
from studio.services.jobs.lifecycle import fail_render
from studio.services.jobs.live_frames import keep_frame
from studio.services.jobs.queue import claim_next
from studio.services.steering.pictures import keep_thumbnails
from studio.tests.queue_rows import make_row
from tenants.scope import all_tenants
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

SCRIPT = "<script>window.broken=1</script>"
LIST = "/admin/studio/renderjob/"
VERBS = {"cancel": {}, "queue": {"queue": "high"}, "priority": {"priority": "5"}, "retry": {}}

StaffClient = Callable[[str], Client]


@pytest.fixture
def staff_of(make_user: UserFactory) -> StaffClient:
    """A client of somebody of a group."""

    def client(group: str) -> Client:
        person = make_user(name=f"one of {group}", email=f"{group}@example.com")
        person.groups.add(Group.objects.get(name=group))
        made = Client()
        made.force_login(person)
        return made

    return client


@pytest.fixture
def operator(staff_of: StaffClient) -> Client:
    return staff_of("operations")


def act(job: RenderJob, verb: str) -> str:
    return reverse("admin:studio_renderjob_act", args=[job.pk, verb])


def page(job: RenderJob) -> str:
    return reverse("admin:studio_renderjob_change", args=[job.pk])


def fresh(job: RenderJob) -> RenderJob:
    with all_tenants():
        return RenderJob.objects.get(pk=job.pk)


def running(user: User, **fields: Any) -> RenderJob:
    make_row(user, **fields)
    job = claim_next(worker="gpu-1", queues=settings.RENDER_QUEUES)
    assert job is not None
    return job


def test_operations_cancel_with_a_reason(operator: Client, user: User) -> None:
    job = make_row(user)
    assert operator.get(act(job, "cancel")).status_code == 200
    for empty in ({}, {"reason": ""}, {"reason": "   "}, {"reason": "x" * 501}):
        refused = operator.post(act(job, "cancel"), empty)
        assert refused.status_code == 422
        assert fresh(job).status == "queued"
    done = operator.post(act(job, "cancel"), {"reason": "a claim"}, follow=True)
    assert f"Render {job.pk} is cancelled." in done.text
    entry = AuditEntry.objects.get(event="render.cancelled")
    assert entry.actor is not None
    assert (entry.actor.email, entry.detail["reason"]) == ("operations@example.com", "a claim")
    again = operator.post(act(job, "cancel"), {"reason": "of the second"})
    assert again.status_code == 409
    assert "This render is cancelled." in again.text
    assert "of the second" in again.text, "what was typed is there"


def test_operations_move_it_and_raise_its_priority(operator: Client, user: User) -> None:
    job = make_row(user)
    asked = operator.get(act(job, "queue"))
    assert "low (now)" in asked.text
    done = operator.post(act(job, "queue"), {"queue": "high", "seen": "low", "reason": "a demo"}, follow=True)
    assert f"Render {job.pk} waits in high now." in done.text
    assert "queue low → high" in done.text
    stale = operator.post(act(job, "queue"), {"queue": "medium", "seen": "low", "reason": "mine"})
    assert stale.status_code == 409
    assert "Somebody changed its queue meanwhile" in stale.text
    assert 'name="seen" value="high"' in stale.text, "sent again it is decided on what is so now"
    assert "mine</textarea>" in stale.text
    operator.post(act(job, "priority"), {"priority": "50", "seen": "0", "reason": "late"})
    assert (fresh(job).queue, fresh(job).priority) == ("high", 50)
    for wrong in ({"priority": "101"}, {"priority": "x"}, {"priority": ""}, {"priority": "1e3"}, {"seen": "low"}):
        body = {"priority": "7", "seen": "50", "reason": "r", **wrong}
        assert operator.post(act(job, "priority"), body).status_code == 422, wrong
    for wrong in ({"queue": "background"}, {"queue": ""}, {"queue": SCRIPT}):
        refused = operator.post(act(job, "queue"), {"queue": "low", "reason": "r", **wrong})
        assert refused.status_code == 422, wrong
        assert SCRIPT not in refused.text
    assert (fresh(job).queue, fresh(job).priority) == ("high", 50)


def test_a_page_offers_what_its_render_has(operator: Client, user: User) -> None:
    job = make_row(user)

    def offered() -> set[str]:
        text = operator.get(page(job)).text
        return {verb for verb in VERBS if f'href="act/{verb}/"' in text}

    assert offered() == {"cancel", "queue", "priority"}
    assert "1 of all that wait, done in 1 min 40 s" in operator.get(page(job)).text
    claimed = claim_next(worker="w", queues=settings.RENDER_QUEUES)
    assert claimed is not None
    assert offered() == {"cancel"}
    refused = operator.post(act(job, "queue"), {"queue": "high", "reason": "r"})
    assert refused.status_code == 409
    with all_tenants():
        fail_render(claimed, lease_id=claimed.lease_id, code="tested", message="The test said so.")
    assert offered() == {"retry"}
    assert operator.get(act(job, "cancel")).status_code == 302, "not as it is now"


@pytest.mark.parametrize("group", ["support", "moderation"])
def test_who_may_look_is_offered_no_act_and_refused(staff_of: StaffClient, user: User, group: str) -> None:
    client, job = staff_of(group), make_row(user)
    shown = client.get(page(job))
    assert shown.status_code == 200
    assert "act/cancel/" not in shown.text
    assert "Cancel the selected renders" not in client.get(LIST).text
    for verb, body in VERBS.items():
        for answer in (client.get(act(job, verb)), client.post(act(job, verb), {"reason": "r", **body})):
            assert answer.status_code == 403, verb
    for action in ("cancel", "retry"):
        body = {"action": action, "_selected_action": [job.pk], "confirmed": "1", "reason": "r", "select_across": "0"}
        client.post(LIST, body)
    assert (fresh(job).status, fresh(job).queue, fresh(job).priority) == ("queued", "low", 0)
    with all_tenants():
        assert RenderJob.objects.count() == 1
    assert not AuditEntry.objects.filter(event__startswith="render.").exists()


@pytest.mark.parametrize("name", ["render_failures", "render_workers", "render_queues"])
def test_boards_are_for_operations(staff_of: StaffClient, client: Client, user: User, name: str) -> None:
    url = reverse(f"admin:{name}")
    retry = reverse("admin:render_failures_retry")
    for group in ("operations", "owner"):
        assert staff_of(group).get(url, follow=True).status_code == 200
    for group in ("support", "finance", "moderation"):
        other = staff_of(group)
        assert other.get(url).status_code == 403
        assert other.post(retry, {"reason": "r", "confirmed": "1"}).status_code == 403
        assert url not in other.get("/admin/").text
    client.force_login(user)
    assert client.get(url).status_code == 302


def test_forged_acts(operator: Client, user: User) -> None:
    job = make_row(user)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = operator.cookies
    assert strict.post(act(job, "cancel"), {"reason": "r"}).status_code == 403
    assert fresh(job).status == "queued"
    for url in (act(job, "explode"), f"{LIST}0/change/act/cancel/", f"{LIST}x/change/act/cancel/"):
        assert operator.post(url, {"reason": "r"}).status_code == 404, url


def test_many_are_cancelled_once_it_was_asked_why(operator: Client, user: User, make_user: UserFactory) -> None:
    jobs = [make_row(user), make_row(make_user()), make_row(user)]
    with all_tenants():
        RenderJob.objects.filter(pk=jobs[2].pk).update(status="completed")
    body = {"action": "cancel", "_selected_action": [job.pk for job in jobs], "select_across": "0", "index": "0"}
    asked = operator.post(LIST, body)
    assert asked.status_code == 200
    assert f"final {jobs[0].pk} of video" in asked.text
    assert fresh(jobs[0]).status == "queued", "asked, and not done"
    del body["index"]
    body["confirmed"] = "1"
    assert operator.post(LIST, body).status_code == 422
    assert fresh(jobs[0]).status == "queued"
    done = operator.post(LIST, {**body, "reason": "a claim"}, follow=True).text
    assert [fresh(job).status for job in jobs] == ["cancelled", "cancelled", "completed"]
    assert f"Render {jobs[0].pk} is cancelled." in done
    assert "This render is completed." in done
    assert AuditEntry.objects.filter(event="render.cancelled", detail__reason="a claim").count() == 2


def test_too_many_at_once_are_refused_before_the_first(operator: Client, user: User) -> None:
    first = make_row(user)
    with all_tenants():
        rows = [
            RenderJob(
                tenant_id=first.tenant_id, video_id=first.video_id, owner=user, purpose="final", workflow="vid2vid",
                model_file_id=first.model_file_id, parameters={}, plan={}, queue="low", frames_total=1, status="failed",
            )
            for _ in range(MANY)
        ]  # fmt: skip
        RenderJob.objects.bulk_create(rows)
    body = {"action": "cancel", "select_across": "1", "_selected_action": [first.pk], "confirmed": "1", "reason": "r"}
    answer = operator.post(LIST, body, follow=True)
    assert f"at most {MANY} rows at once" in answer.text
    assert fresh(first).status == "queued"


def test_the_page_shows_timeline_parameters_and_log_line(operator: Client, user: User) -> None:
    asked = {"prompt": SCRIPT, "seed": 7, "controlnet": [{"type": "canny"}], "ofOldTimes": {"a": [1, SCRIPT]}}
    make_row(user, parameters=asked, request_id="5f0c-42")
    job = claim_next(worker="gpu-1", queues=settings.RENDER_QUEUES)
    assert job is not None
    line = "2026-01-15T10:30:00.000Z ERROR studio.providers.local request=5f0c-42 job=3: Render 3 failed"
    with all_tenants():
        cause = f"ValueError: {SCRIPT}\n\nTraceback ...\n\n{line}"
        fail_render(job, lease_id=job.lease_id, code="model_broken", message="It can't be read.", cause=cause)
    text = operator.get(page(job)).text
    assert SCRIPT not in text
    assert "&lt;script&gt;" in text
    for shown in ("claimed, attempt 1", "gpu-1", "model_broken", "The same seed makes the same frames", "ofOldTimes"):
        assert shown in text, shown
    assert f'<code class="studio-value">{line}</code>' in text
    assert 'href="/admin/studio/renderjob/?q=5f0c-42"' in text
    assert "An older request" in text


def test_frames_so_far(operator: Client, staff_of: StaffClient, client: Client, user: User) -> None:
    job = running(user, workflow="deforum", frames_total=100)
    with all_tenants():
        RenderJob.objects.filter(pk=job.pk).update(frames_done=60)
    assert "None yet" not in operator.get(page(job)).text
    keep_thumbnails(job.pk, {number: b"jpeg %d" % number for number in range(60)})
    text = operator.get(page(job)).text
    shown = [number for number in range(60) if f"/change/frame/{number}/" in text]
    assert len(shown) == 12
    assert (shown[0], shown[-1]) == (0, 59)
    frame = reverse("admin:studio_renderjob_frame", args=[job.pk, "59"])
    answer = operator.get(frame)
    assert (answer.content, answer["Content-Type"]) == (b"jpeg 59", "image/jpeg")
    assert answer["Cache-Control"] == "private, max-age=30"
    for wrong in ("60", "newest", "nothing", "9" * 40, "-1"):
        assert operator.get(frame.replace("59", wrong)).status_code == 404, wrong
    keep_frame(job, b"newest")
    assert operator.get(frame.replace("59", "newest")).content == b"newest"
    assert staff_of("finance").get(frame).status_code == 403
    client.force_login(user)
    assert client.get(frame).status_code == 302


def test_a_page_asks_as_much_however_much_became_of_a_render(operator: Client, user: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert operator.get(page(job)).status_code == 200
        return len(asked)

    job = make_row(user)
    operator.get(page(job))
    few = queries()
    with all_tenants():
        for priority in range(1, 60):
            RenderJob.objects.filter(pk=job.pk).update(priority=priority)
    assert queries() == few


def test_failures_by_code(operator: Client, user: User, make_user: UserFactory) -> None:
    other = make_user()
    fields = {"status": "failed", "finished_at": timezone.now()}
    for owner, code in ((user, "worker_lost"), (other, "worker_lost"), (user, ""), (user, SCRIPT[:64])):
        make_row(owner, **fields, error_code=code, error=f"{SCRIPT} {code}")
    make_row(user, status="failed", finished_at=timezone.now() - timedelta(days=8), error_code="old")
    url = reverse("admin:render_failures")
    text = operator.get(url).text
    assert SCRIPT not in text
    assert "4 failed in the last 7 days" in text
    assert "?error_code__exact=worker_lost&amp;status__exact=failed" in text
    assert "without a code" in text
    assert ">old<" not in text
    assert ">old<" in operator.get(url, {"period": "30d"}).text
    assert operator.get(url, {"period": "year"}).status_code == 404
    with CaptureQueriesContext(connection) as few:
        operator.get(url)
    for number in range(20):
        make_row(user, **fields, error_code=f"code{number}")
    with CaptureQueriesContext(connection) as many:
        operator.get(url)
    assert len(many) == len(few)
    listed = operator.get(LIST, {"error_code__exact": "worker_lost", "status__exact": "failed"})
    assert listed.status_code == 200
    assert "2 renders" in listed.text or "2 render jobs" in listed.text


@pytest.mark.django_db(transaction=True)
def test_what_failed_with_a_code_is_tried_again(operator: Client, user: User, tiny_model: ModelFile) -> None:
    parameters = {"modelId": tiny_model.pk, "prompt": "a meadow", "length": 1.0, "seed": 7, "frameCount": 1}
    fields = {
        "status": "failed", "error_code": "worker_lost", "finished_at": timezone.now(), "workflow": "deforum",
        "purpose": "preview", "parameters": parameters, "model_file": tiny_model,
    }  # fmt: skip
    good, old = make_row(user, **fields), make_row(user, **{**fields, "parameters": {"prompt": 7}})
    other = make_row(user, **{**fields, "error_code": "model_broken"})
    earlier = make_row(user, **{**fields, "finished_at": timezone.now() - timedelta(days=8)})
    with all_tenants():
        Video.objects.update(type="deforum", status="failed")
    url = reverse("admin:render_failures_retry", query={"code": "worker_lost", "period": "7d"})
    assert url.replace("&", "&amp;") in operator.get(reverse("admin:render_failures")).text
    asked = operator.get(url)
    assert asked.status_code == 200
    for job, shown in ((good, True), (old, True), (other, False), (earlier, False)):
        assert (f'value="{job.pk}"' in asked.text) is shown
    body = {"_selected_action": [good.pk, old.pk, other.pk, earlier.pk], "confirmed": "1"}
    assert operator.post(url, body).status_code == 422, "a reason is asked for"
    done = operator.post(url, {**body, "reason": "the disk is back"}, follow=True).text
    assert f"Render {good.pk} is queued again as" in done
    assert f"Preview {old.pk} of video {old.video_id}:" in done, "of what refused it says why"
    with all_tenants():
        assert set(RenderJob.objects.queued().values_list("video_id", flat=True)) == {good.video_id}
    again = operator.post(url, {**body, "_selected_action": [good.pk], "reason": "r"}, follow=True)
    assert "is left to be tried again" in again.text
    for wrong in ({"period": "year"}, {"code": "a\0b"}):
        assert operator.get(url.split("?")[0], wrong).status_code == 404
