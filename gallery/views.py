"""The gallery's page, and the files of what is public."""

from __future__ import annotations

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from config.platform.content_policy import content_policy
from config.platform.file_responses import file_response
from gallery.links import COLUMNS
from gallery.models import GalleryItem
from tenants.scope import all_tenants


@require_safe
def gallery(request: HttpRequest) -> HttpResponse:
    """The page. It holds no data: its script asks the API."""
    response = render(request, "gallery/gallery.html")
    response["Content-Security-Policy"] = content_policy()
    return response


@require_safe
def serve_media(request: HttpRequest, item_id: int, name: str) -> HttpResponseBase:
    """A file of a public item; 404 from the moment that it is unpublished, hidden or removed."""
    column = COLUMNS.get(name)
    if column is None:
        raise Http404
    # The files are the tenant's; that the item is public is the permission.
    with all_tenants():
        item = GalleryItem.objects.public().select_related(column).filter(pk=item_id).first()
        file = getattr(item, column, None)
    if file is None or not default_storage.exists(file.storage_key):
        raise Http404
    if settings.S3_BUCKET:
        return redirect(default_storage.url(file.storage_key))
    return file_response(
        request,
        storage_key=file.storage_key,
        size=file.size,
        mime_type=file.mime_type,
        etag=file.sha256,
        # Kept by browsers, but asked about each time: a decision of the moderators counts at once.
        cache_control="no-cache",
    )
