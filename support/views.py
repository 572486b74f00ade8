"""The page of one request, for whoever holds the link that was mailed to its address."""

from __future__ import annotations

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from config.api.errors import DomainError
from config.api.texts import has_content
from config.platform.content_policy import content_policy
from support import services
from support.models import MAX_TEXT_LENGTH


class ReplyForm(forms.Form):
    text = forms.CharField(label="Your message", max_length=MAX_TEXT_LENGTH, widget=forms.Textarea(attrs={"rows": 6}))

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if not has_content(text):
            raise forms.ValidationError("Please write something.")
        return text


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def follow_request(request: HttpRequest, token: str) -> HttpResponse:
    """The talk, and a form to go on with it. The signature is the permission."""
    found = services.followed_request(token)
    if found is None:
        raise Http404
    form = ReplyForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.ask(request=found, text=form.cleaned_data["text"])
            return redirect("support-request", token)
        except DomainError as error:
            form.add_error(None, error.message)
    messages = services.thread(found).order_by("id")
    context = {"support_request": found, "support_messages": messages, "form": form}
    response = render(request, "support/request.html", context, status=422 if form.is_bound else 200)
    response["Content-Security-Policy"] = content_policy(forms=True)
    return response
