"""The public files of the catalogue."""

from __future__ import annotations

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from config.platform.file_responses import file_response
from effects import previews

_FOR_GOOD = "public, max-age=31536000, immutable"


@require_safe
def serve_preview(request: HttpRequest, name: str) -> HttpResponseBase:
    """A thumbnail or clip of an effect."""
    key = previews.storage_key(name)
    if key is None or not default_storage.exists(key):
        raise Http404
    if settings.S3_BUCKET:
        return redirect(default_storage.url(key))
    return file_response(
        request,
        storage_key=key,
        size=default_storage.size(key),
        mime_type=previews.mime_type(name),
        etag=name,
        cache_control=_FOR_GOOD,
    )
