"""What happens to every request before and after its view."""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from config.api.errors import DomainError, NotFound
from config.api.handlers import error_response, is_api
from config.api.parsers import refuse_nul
from config.platform.logs import log_context

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIdMiddleware:
    """Gives each request an id (the caller's ``X-Request-ID`` if sane), and API requests JSON errors.

    The id is ``request.request_id``, the answer's ``X-Request-ID`` and, through ``config.platform.logs``, in the log.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = requested_id(request.headers.get("X-Request-ID", ""))
        request.request_id = request_id  # type: ignore[attr-defined]
        with log_context(request_id=request_id):
            response = self._refusal(request) or self._get_response(request)
        response["X-Request-ID"] = request_id
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return error_response(request, exception) if is_api(request) else None

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:
        """The answer to a NUL in the path or the query, which would only fail later, in the database."""
        if not is_api(request):
            return None
        if "\0" in request.path:
            return error_response(request, NotFound("No such route"))
        if "%00" in request.META.get("QUERY_STRING", ""):
            try:
                refuse_nul({name: "".join(values) for name, values in request.GET.lists()})
            except DomainError as error:
                return error_response(request, error)
        return None


def requested_id(sent: str) -> str:
    """The id that a request gets: the one that was sent if it is sane, else a new one."""
    return sent if _REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex
