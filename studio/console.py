"""The DeforumationQT console's page. It holds no data: its script speaks to the API with the JWT that the user pastes."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def console(request: HttpRequest) -> HttpResponse:
    return render(request, "console/console.html")
