"""The DeforumationQT console's page. It holds no data: its script speaks to the API with the JWT that is pasted."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from studio.console_controls import OPTIONS, SCHEDULES


@require_safe
def console(request: HttpRequest) -> HttpResponse:
    """The page, under a policy that lets nothing run but our own script files."""
    response = render(request, "console/console.html", {"schedule_groups": SCHEDULES, "options": OPTIONS})
    response["Content-Security-Policy"] = _content_policy()
    return response


def _content_policy() -> str:
    media = " ".join(["'self'", "blob:", *_storage_origin()])
    return "; ".join(
        [
            "default-src 'self'",
            f"img-src {media}",
            f"media-src {media}",
            "object-src 'none'",
            "base-uri 'none'",
            # The forms are read by script; none is ever sent by the browser.
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def _storage_origin() -> list[str]:
    """Where S3 serves our files from; nothing for local files, which this site serves itself."""
    if not settings.S3_BUCKET:
        return []
    address = urlsplit(default_storage.url("origin"))
    return [f"{address.scheme}://{address.netloc}"]
