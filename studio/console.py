"""The DeforumationQT console's page. It holds no data: its script speaks to the API with the JWT that is pasted."""

from __future__ import annotations

import secrets

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config.platform.content_policy import content_policy
from studio.console_controls import NUMBERS, OPTIONS, SCHEDULES


@require_safe
def console(request: HttpRequest) -> HttpResponse:
    """The page, under a policy that lets nothing run but our own script files."""
    # The waveform's style sheet is made by its script.
    nonce = secrets.token_urlsafe(16)
    response = render(
        request,
        "console/console.html",
        {"numbers": NUMBERS, "schedule_groups": SCHEDULES, "options": OPTIONS, "style_nonce": nonce},
    )
    response["Content-Security-Policy"] = content_policy(blobs=True, style_nonce=nonce)
    return response
