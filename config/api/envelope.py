"""The one answer shape, ``{"success": true, "data": ..., "message": ...}``, and how values look in JSON.

Datetimes are ISO 8601 UTC with microseconds and ``Z``; a Decimal is a JSON number (``9.99``).
"""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import orjson
from django.db.models import QuerySet
from django.utils.functional import Promise
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS


def ok(data: object = None, message: str = "", status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The success answer of every endpoint: ``return ok(row(video), "Video retrieved successfully")``."""
    return Response({"success": True, "data": data, "message": message}, status=status, headers=headers)


def dumps(value: object) -> bytes:
    """JSON as the API writes it."""
    try:
        return orjson.dumps(value, default=_plain, option=_OPTIONS)
    except orjson.JSONEncodeError:
        # The database keeps 1e30 in its digits, and Python reads those as an integer.
        return orjson.dumps(_without_long_integers(value), default=_plain, option=_OPTIONS)


def iso(moment: datetime) -> str:
    """``2026-01-15T10:30:00.000000Z``; a naive datetime is taken as UTC."""
    text = moment.isoformat(timespec="microseconds")
    if moment.tzinfo is None:
        return f"{text}Z"
    return f"{text[:-6]}Z" if text.endswith("+00:00") else iso(moment.astimezone(UTC))


class OrjsonRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(self, data: object, accepted_media_type: str | None = None, renderer_context: object = None) -> bytes:
        return b"" if data is None else dumps(data)


class LenientNegotiation(DefaultContentNegotiation):
    """Honours ``Accept`` where a view offers a choice, and otherwise answers JSON: a browser is no reason for a 406."""

    def select_renderer(
        self, request: Request, renderers: Sequence[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        if len(renderers) > 1:
            accepted = self.get_accept_list(request)
            for renderer in renderers:
                if any(media.partition(";")[0].strip() == renderer.media_type for media in accepted):
                    return renderer, renderer.media_type
        return renderers[0], renderers[0].media_type


def _without_long_integers(value: object) -> object:
    """The same with floats for integers of more than 64 bits: what a client means that sent one."""
    if isinstance(value, Decimal | QuerySet | set | frozenset):
        value = _plain(value)
    if isinstance(value, Mapping):
        return {name: _without_long_integers(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_without_long_integers(member) for member in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        largest = sys.float_info.max
        return float(value) if abs(value) <= largest else largest if value > 0 else -largest
    return value


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Promise):
        return str(value)
    if isinstance(value, QuerySet | set | frozenset):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
