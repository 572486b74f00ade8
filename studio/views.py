"""Files behind signed links."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from config.file_responses import file_response
from studio.services.files import linked_file


@require_safe
def serve_file(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """The file that a signed link names. 206 for one byte range, 416 for a range outside it, 404 for a bad link."""
    file = linked_file(token)
    if file is None or not default_storage.exists(file.storage_key):
        raise Http404
    return file_response(
        request,
        storage_key=file.storage_key,
        size=file.size,
        mime_type=file.mime_type,
        etag=file.sha256,
        cache_control="private, max-age=3600",
        filename=file.original_filename,
        attachment="download" in request.GET,
    )
