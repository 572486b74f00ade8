"""The one place where an exception becomes an answer: ``{"success": false, "message", "code", "data"?}``.

``data`` comes with 409 and 422 only; a 500 has a ``request_id`` instead and tells nothing else, its traceback goes to
the log.
"""

import errno
import logging
import re
import sys
from collections.abc import Mapping

import psycopg
from django.core import exceptions as django_errors
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.views import defaults
from django.views.csrf import csrf_failure as csrf_failure_page
from django.views.decorators.csrf import csrf_exempt
from redis.exceptions import RedisError
from rest_framework import exceptions as drf_errors
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error
from rest_framework.views import set_rollback

from config.api.envelope import dumps
from config.api.errors import (
    BEARER_CHALLENGE,
    Conflict,
    DiskFull,
    DomainError,
    Forbidden,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
    ValidationFailed,
)
from config.api.parsers import body_too_large
from config.api.reasons import reasons_by_field

logger = logging.getLogger(__name__)

# The same request may well succeed once the other transaction has gone.
_LOST_TO_ANOTHER = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# The root carries one documented API route, /status/{videoId}.
_API_PATHS = re.compile(r"/(api|status)(/|$)")
_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    415: "unsupported_media_type",
    429: "too_many_requests",
}


def is_api(request: HttpRequest) -> bool:
    """Whether the request is answered in JSON whatever happens."""
    return _API_PATHS.match(request.path) is not None


def exception_handler(exc: Exception, context: Mapping[str, object]) -> Response:
    """DRF's ``EXCEPTION_HANDLER``."""
    set_rollback()
    request: Request = context["request"]
    error = as_domain_error(exc, request)
    return Response(_body(error, request), status=error.status, headers=_headers(error))


def error_response(request: HttpRequest, exc: Exception) -> HttpResponse:
    """The same answer outside DRF: for middleware and plain Django views."""
    error = as_domain_error(exc, request)
    return HttpResponse(
        dumps(_body(error, request)), status=error.status, headers=_headers(error), content_type="application/json"
    )


def as_domain_error(exc: Exception, request: Request) -> DomainError:  # noqa: C901 - a table: one case a kind of error
    """Any exception as the error it means to a client; what means none is logged and becomes a 500."""
    match exc:
        case DomainError():
            return exc
        case drf_errors.ValidationError():
            return ValidationFailed(reasons_by_field(exc.detail))
        case django_errors.ValidationError():
            return ValidationFailed(reasons_by_field(as_serializer_error(exc)))
        case drf_errors.NotAuthenticated():
            return Unauthenticated(_message(exc))
        case drf_errors.AuthenticationFailed():
            return _bad_token(_message(exc))
        case drf_errors.PermissionDenied():
            return Forbidden(_message(exc))
        case drf_errors.APIException():
            return _from_drf(exc)
        case Http404():
            return NotFound()
        case django_errors.PermissionDenied():
            return Forbidden()
        case django_errors.RequestDataTooBig():
            return body_too_large()
        case django_errors.TooManyFieldsSent() | django_errors.TooManyFilesSent():
            return TooLarge()
        case UnreadablePostError():
            return DomainError("incomplete_body", "The body ended early", 400)
        case django_errors.SuspiciousOperation() | django_errors.BadRequest():
            return DomainError("bad_request", "Bad request", 400)
        case OperationalError() if isinstance(exc.__cause__, _LOST_TO_ANOTHER):
            return Conflict()
        case OSError() if exc.errno in _NO_ROOM:
            logger.error("No room on the disk in %s %s (request %s)", request.method, request.path, request.request_id)
            return DiskFull()
        case OperationalError() if isinstance(exc.__cause__, psycopg.errors.DiskFull):
            logger.error("The database has no room in %s %s (%s)", request.method, request.path, request.request_id)
            return DiskFull()
        case OperationalError() | InterfaceError() | RedisError() if _is_away(exc):
            logger.error("%s %s lost what it depends on: %s", request.method, request.path, exc)
            return Unavailable()
    logger.error(
        "Unhandled error in %s %s (request %s)", request.method, request.path, request.request_id, exc_info=exc
    )
    return DomainError("server_error", "Internal server error", 500)


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_response(request, exception) if is_api(request) else defaults.bad_request(request, exception)


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_response(request, exception) if is_api(request) else defaults.permission_denied(request, exception)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_response(request, exception) if is_api(request) else defaults.page_not_found(request, exception)


def handler500(request: HttpRequest) -> HttpResponse:
    # Django has logged the traceback by the time it calls this, from where it caught the exception.
    caught = sys.exception()
    if isinstance(caught, Exception) and _is_away(caught):
        return error_response(request, caught) if is_api(request) else _page(as_domain_error(caught, request))
    error = DomainError("server_error", "Internal server error", 500)
    return error_response(request, error) if is_api(request) else defaults.server_error(request)


def _is_away(exc: Exception) -> bool:
    """Whether the database or Redis said or did this: they come back."""
    database = isinstance(exc, OperationalError | InterfaceError) and isinstance(exc.__cause__, psycopg.Error)
    return database or isinstance(exc, RedisError)


def _page(error: DomainError) -> HttpResponse:
    page = f"<!doctype html><html lang=en><title>{error.message}</title><h1>{error.message}.</h1></html>"
    return HttpResponse(page, status=error.status, headers=error.headers)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """``settings.CSRF_FAILURE_VIEW``."""
    if is_api(request):
        return error_response(request, Forbidden("CSRF verification failed", "csrf_failed"))
    return csrf_failure_page(request, reason)


@csrf_exempt
def no_such_route(request: HttpRequest) -> HttpResponse:
    """What every ``/api/...`` path that no view serves answers, whatever the method."""
    return error_response(request, NotFound("No such route"))


def _body(error: DomainError, request: Request) -> dict[str, object]:
    body: dict[str, object] = {"success": False, "message": error.message, "code": error.code}
    if error.status in (409, 422) and error.data is not None:
        body["data"] = error.data
    if error.status >= 500:
        body["request_id"] = request.request_id
    return body


def _headers(error: DomainError) -> dict[str, str]:
    return {"WWW-Authenticate": BEARER_CHALLENGE, **error.headers} if error.status == 401 else error.headers


def _bad_token(message: str) -> DomainError:
    """RFC 6750: a client that sent a token is told that this is what was wrong."""
    described = re.sub(r"[^ !#-\[\]-~]", "'", message)
    challenge = f'{BEARER_CHALLENGE}, error="invalid_token", error_description="{described}"'
    return DomainError("unauthenticated", message, 401, headers={"WWW-Authenticate": challenge})


def _from_drf(exc: drf_errors.APIException) -> DomainError:
    code = _CODES.get(exc.status_code, exc.default_code)
    if isinstance(exc, drf_errors.ParseError):
        code = exc.default_code if exc.default_code == "malformed_json" else "malformed_body"
    wait = getattr(exc, "wait", None)
    headers = {"Retry-After": str(max(1, round(wait)))} if wait is not None else {}
    return DomainError(code, _message(exc), exc.status_code, headers=headers)


def _message(exc: drf_errors.APIException) -> str:
    detail = exc.detail
    # simplejwt answers a dictionary with the sentence inside.
    return str(detail.get("detail", exc.default_detail) if isinstance(detail, dict) else detail)
