"""The queue of reports: one video after the other, with all that a decision needs, and a key for each act."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from accounts.staff.who import who
from config.api.errors import DomainError
from config.staff_acts import tell
from config.staff_views import staff_page
from gallery.admin.decisions import DECISIONS, DecisionForm, decide
from gallery.models import GalleryItem
from gallery.services import reports
from studio.models import Video
from studio.services.files.store import file_url
from studio.services.videos.said import said_by_payload
from tenants.scope import all_tenants

_BIGGEST = 2**63 - 1
_RELATED = ("owner", "processed_file", "poster_file", "moderated_by")


class QueueForm(DecisionForm):
    decision = forms.ChoiceField(choices=[(verb, it.title) for verb, it in DECISIONS.items()])


def queue(request: HttpRequest) -> HttpResponseBase:
    """The item that is asked for, or the one that waits longest. A decision leads to the next."""
    waiting = reports.waiting()
    asked = request.POST.get("item") or request.GET.get("item") or ""
    item = _item(asked) if asked else _item(waiting[0]["item_id"]) if waiting else None
    ids = [row["item_id"] for row in waiting]
    at = ids.index(item.pk) if item and item.pk in ids else -1
    following = ids[at + 1] if at + 1 < len(ids) else None
    form, status = None, 200
    if item is not None and request.user.has_perm("gallery.change_galleryreport"):
        asking: dict[str, Any] = {"row": item, "staff": request.user}
        form = QueueForm(request.POST, **asking) if request.method == "POST" else QueueForm(**asking)
    if form is not None and item is not None and request.method == "POST":
        status = 422
        if form.is_valid():
            values = form.cleaned_data
            try:
                said = decide(
                    values["decision"],
                    item=item,
                    by=who(request),
                    reason=values["reason"],
                    seen=values["seen"] or None,
                )
            except DomainError as error:
                tell(form, error)
                status = error.status
                item = _item(item.pk)
            else:
                messages.success(request, said)
                return redirect(reverse("admin:moderation_queue") + (f"?item={following}" if following else ""))
    context = {
        "waiting": waiting,
        "item": item,
        "form": form,
        "decisions": DECISIONS,
        "before": ids[at - 1] if at > 0 else None,
        "following": following,
        **(_shown(item) if item is not None else {}),
    }
    return staff_page(request, "admin/gallery/queue.html", "Reports to decide", context, status)


def _item(asked: str | int) -> GalleryItem:
    if not str(asked).isascii() or not str(asked).isdigit() or int(asked) > _BIGGEST:
        raise Http404
    with all_tenants():
        item = GalleryItem.objects.filter(pk=int(asked)).select_related(*_RELATED).first()
    if item is None:
        raise Http404
    return item


def _shown(item: GalleryItem) -> dict[str, object]:
    with all_tenants():
        video = Video.objects.get(pk=item.video_id)
    said = [*said_by_payload(video.parameters, "parameters"), *said_by_payload(video.input_payload)]
    return {
        "video": video,
        "clip": file_url(item.processed_file),
        "poster": file_url(item.poster_file) if item.poster_file else "",
        "said": [{"field": field.partition(".")[2], "text": text} for field, text, _ in said if text],
        "reports": item.reports.select_related("user", "resolved_by").order_by("-id")[: reports.HISTORY],
        "publisher": reports.publisher(item.owner),
    }
