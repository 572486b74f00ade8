"""Every error code of the API, with its status and an example of its message.

Here are those that any operation may answer; what only an app's rules answer stands in the app's own ``codes.py``, as
``CODES`` too. `docs/http.md` lists them all.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple

from django.apps import apps
from django.utils.module_loading import module_has_submodule


class Code(NamedTuple):
    status: int
    example: str
    """Of its message."""


CODES = {
    # Bodies
    "bad_request": Code(400, "Bad request"),
    "malformed_json": Code(400, "The body is not valid JSON"),
    "malformed_body": Code(400, "The body can't be read"),
    "incomplete_body": Code(400, "1048576 bytes were announced and 524288 arrived."),
    "too_slow": Code(408, "The body came at less than 1024 bytes a second"),
    "too_large": Code(413, "The request is too large"),
    "unsupported_media_type": Code(415, 'Unsupported media type "text/plain" in request.'),
    # Who asks
    "unauthenticated": Code(401, "Unauthenticated"),
    "invalid_token": Code(401, "The refresh token is invalid or has expired."),
    "forbidden": Code(403, "You may not do this"),
    "not_owner": Code(403, "This belongs to another user"),
    "second_factor_required": Code(403, "Staff need a second factor: set one up first"),
    "csrf_failed": Code(403, "CSRF verification failed"),
    # What is asked for
    "not_found": Code(404, "Not found"),
    "method_not_allowed": Code(405, 'Method "PUT" not allowed.'),
    # Who else asks
    "conflict": Code(409, "Somebody else is changing this"),
    "changed_meanwhile": Code(409, "Somebody else has changed this meanwhile: look again."),
    "too_many_requests": Code(429, "Too many requests"),
    "too_many_streams": Code(429, "You have 20 streams open, as many as one may have; close one first."),
    # Input
    "validation_error": Code(422, "Validation Error"),
    "idempotency_conflict": Code(422, "This idempotency key was already used for another request"),
    # Ourselves
    "server_error": Code(500, "Internal server error"),
    "provider_failed": Code(502, "The provider could not be reached; try again."),
    "service_unavailable": Code(503, "The service is unavailable for a moment; try again"),
    "busy": Code(503, "Too many requests at this moment; try again soon"),
    "http_version_not_supported": Code(505, "An answer of this length takes HTTP/1.1"),
    "disk_full": Code(507, "There is no room for this at the moment"),
}


@functools.cache
def codes() -> Mapping[str, Code]:
    """Those of every app. Raises ValueError for one that two apps claim."""
    found = dict(CODES)
    for app in apps.get_app_configs():
        if app.module is not None and app.name != "config.api" and module_has_submodule(app.module, "codes"):
            own: Mapping[str, Code] = import_module(f"{app.name}.codes").CODES
            if twice := found.keys() & own.keys():
                raise ValueError(f"{app.name} lists codes that stand elsewhere: {sorted(twice)}")
            found |= own
    return found
