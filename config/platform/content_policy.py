"""What the browser lets our own pages do: run our own script files, and show files from us and from our storage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TypedDict
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import HttpRequest
from django.http.response import HttpResponseBase

NOTHING = "default-src 'none'; frame-ancestors 'none'"
"""For an answer that is no page: whoever opens it by itself gets nothing to run or load."""


def content_policy(
    *,
    blobs: bool = False,
    forms: bool = False,
    inline_styles: bool = False,
    inline_scripts: bool = False,
    data_images: bool = False,
    style_nonce: str = "",
) -> str:
    """A Content-Security-Policy for a page without inline code. ``blobs``: it shows files that its script has made.

    ``forms``: the browser sends its forms, to us; otherwise script reads them and none is ever sent. ``inline_styles``,
    ``inline_scripts`` and ``data_images``: for pages of packages that have them. ``style_nonce``: style sheets that a
    script of ours makes are taken by this word, which no other answer has.
    """
    media = " ".join(["'self'", *(["blob:"] if blobs else []), *_storage_origin()])
    return "; ".join(
        [
            "default-src 'self'",
            *(["style-src 'self' 'unsafe-inline'"] if inline_styles else []),
            *([f"style-src 'self' 'nonce-{style_nonce}'"] if style_nonce else []),
            *(["script-src 'self' 'unsafe-inline'"] if inline_scripts else []),
            f"img-src {media} data:" if data_images else f"img-src {media}",
            f"media-src {media}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'" if forms else "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def _storage_origin() -> list[str]:
    """Where S3 serves our files from; nothing for local files, which this site serves itself."""
    if not settings.S3_BUCKET:
        return []
    address = urlsplit(default_storage.url("origin"))
    return [f"{address.scheme}://{address.netloc}"]


class Inline(TypedDict, total=False):
    inline_styles: bool
    inline_scripts: bool


class ContentPolicyMiddleware:
    """A policy for every answer: the view's own, or that of an ordinary page with forms, or none of anything."""

    # Pages of packages, with code of their own inside.
    _INLINE: Mapping[str, Inline] = {
        "admin": {"inline_styles": True},
        "django_rq": {"inline_styles": True},
    }

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        # What has not changed keeps the policy that came with it.
        if "Content-Security-Policy" not in response and response.status_code != HTTPStatus.NOT_MODIFIED:
            response["Content-Security-Policy"] = self._policy(request, response)
        return response

    def _policy(self, request: HttpRequest, response: HttpResponseBase) -> str:
        if not response.get("Content-Type", "").startswith("text/html"):
            return NOTHING
        app = request.resolver_match.app_name if request.resolver_match else ""
        return content_policy(forms=True, **self._INLINE.get(app, {}))
