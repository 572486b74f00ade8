"""Files behind signed links: read, and sent."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from config.api.errors import DomainError
from config.api.handlers import error_response
from config.platform.file_responses import file_response
from studio.services.files.presigned import receive_upload
from studio.services.files.store import linked_file
from studio.services.jobs.live_frames import linked_frame
from studio.services.steering.pictures import linked_thumbnail


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


@require_safe
def serve_frame(request: HttpRequest, token: str) -> HttpResponse:
    """The newest frame of a render in progress, by its signed link; 404 when there is none, or the link is bad."""
    jpeg = linked_frame(token)
    if jpeg is None:
        raise Http404
    response = HttpResponse(jpeg, content_type="image/jpeg")
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def serve_thumbnail(request: HttpRequest, token: str, frame: int) -> HttpResponse:
    """A small picture of one frame of a render, by the signed link of its reel; 404 when there is none."""
    jpeg = linked_thumbnail(token, frame)
    if jpeg is None:
        raise Http404
    response = HttpResponse(jpeg, content_type="image/jpeg")
    # A rewind makes another frame of this number.
    response["Cache-Control"] = "no-store"
    return response


@csrf_exempt
@require_http_methods(["PUT"])
def receive_file(request: HttpRequest, token: str) -> HttpResponse:
    """The PUT of a presigned upload where there is no bucket: 200 with an empty body, as a bucket answers it."""
    try:
        receive_upload(token=token, headers=request.headers, stream=request)
    except (DomainError, OSError) as error:
        return error_response(request, error)
    return HttpResponse()
