"""Parts of a render's page: frames so far, its parameters as a table, its timeline. Everything is escaped."""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from redis.exceptions import RedisError

from studio.admin.display import picture
from studio.models import RenderJob, Video
from studio.requests.types import TYPES, parameters_of
from studio.services.jobs.timeline import timeline_of
from studio.services.steering.pictures import kept_frames

THUMBNAILS = 12
"""Of a render in progress: spread over all frames, the newest always among them."""
NEWEST = "newest"


def frames(job: RenderJob) -> str:
    """Thumbnails of what there is so far; of a restyled video, which keeps none, the newest frame."""
    if not job.is_active:
        return picture(job.sprite) if job.sprite else SafeString("-")
    numbers = _spread(_kept(job)) if job.workflow == Video.Type.DEFORUM else []
    if numbers:
        return format_html(
            '<ol class="studio-reel">{}</ol>',
            format_html_join(
                "", '<li><img src="{}" alt="Frame {}" loading="lazy"><small>{}</small></li>',
                ((_address(job, str(number)), number, number) for number in numbers),
            ),
        )  # fmt: skip
    if not job.frames_done:
        return SafeString("None yet.")
    # The number makes it another picture to the browser.
    return format_html(
        '<img class="studio-picture" src="{}?{}" alt="The newest frame">', _address(job, NEWEST), job.frames_done
    )


def parameters(job: RenderJob) -> SafeString:
    """What was asked for, parameter by parameter, in the order of the table of requests."""
    return format_html(
        '<table class="studio-table"><thead><tr><th scope="col">Parameter</th><th scope="col">Value</th>'
        '<th scope="col">What it is</th></tr></thead><tbody>{}</tbody></table>',
        format_html_join(
            "", '<tr><th scope="row">{}</th><td class="studio-value">{}</td><td>{}</td></tr>', _parameters(job)
        ),
    )  # fmt: skip


def timeline(job: RenderJob) -> SafeString:
    """What became of it, the oldest first."""
    rows = (
        (
            date_format(step.at, "M j, H:i:s"),
            step.what,
            format_html("<code>{}</code>", step.worker[:12]) if step.worker else "",
            step.said,
        )
        for step in timeline_of(job)
    )
    return format_html(
        '<table class="studio-table studio-timeline"><thead><tr><th scope="col">When</th><th scope="col">What</th>'
        '<th scope="col">Worker</th><th scope="col">Why</th></tr></thead><tbody>{}</tbody></table>',
        format_html_join(
            "", '<tr><td>{}</td><th scope="row">{}</th><td>{}</td><td class="studio-value">{}</td></tr>', rows
        ),
    )  # fmt: skip


def _parameters(job: RenderJob) -> Iterator[tuple[str, str, str]]:
    asked = dict(job.parameters) if isinstance(job.parameters, dict) else {}
    known = parameters_of(job.workflow) if job.workflow in TYPES else ()
    for parameter in known:
        if parameter.api in asked:
            yield parameter.api, _text(asked.pop(parameter.api)), parameter.help
    for name, value in asked.items():
        yield name, _text(value), "An older request's; today's has none of the name."


def _text(value: object) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{name}: {_text(one)}" for name, one in value.items())
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _kept(job: RenderJob) -> list[int]:
    try:
        return kept_frames(job.pk)
    except RedisError:
        return []


def _spread(numbers: list[int]) -> list[int]:
    if len(numbers) <= THUMBNAILS:
        return numbers
    last = len(numbers) - 1
    return [numbers[round(place * last / (THUMBNAILS - 1))] for place in range(THUMBNAILS)]


def _address(job: RenderJob, frame: str) -> str:
    return reverse("admin:studio_renderjob_frame", args=[job.pk, frame])
