"""A POST that spends money or GPU time happens once per key, however often it is sent.

The client names the request with the ``Idempotency-Key`` header or the body field ``idempotency_key``. In one
transaction the key's row is claimed, the handler runs, the answer is stored. A concurrent request with the same key
waits in its own INSERT until the first commits, and gets that answer; if the first fails, its claim is rolled back with
everything else it did and the second one runs. The claim comes before the handler, hence before any limit or balance.

What takes long or asks a storage has no place in that transaction: ``idempotent_when_drafted`` has it done before.
"""

import functools
import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

import orjson
from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.http import QueryDict
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelope import dumps
from config.api.errors import DomainError, Unauthenticated, ValidationFailed
from config.api.models import IdempotencyRecord

FIELD = "idempotency_key"
MAX_KEY_LENGTH = 255

P = ParamSpec("P")
V = TypeVar("V")
Handler = Callable[Concatenate[V, Request, P], Response]


Act = Callable[[], Response]
"""What is left to do of a request, in the transaction; it answers."""
Drafting = Callable[Concatenate[V, Request, P], Act]


def idempotent(handler: Handler[V, P]) -> Handler[V, P]:
    """Decorates a viewset action or an APIView's ``post``.

    The handler runs inside one transaction whether or not a key was sent, and may read the key, however it came, as
    ``request.idempotency_key`` (None without one). A replay answers what was stored, with the header
    ``Idempotency-Replayed: true``. Raises DomainError ``idempotency_conflict`` (422) for a key already used with
    another body or path.
    """

    @functools.wraps(handler)
    def once(view: V, request: Request, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        return _Keyed(request).run(functools.partial(handler, view, request, *args, **kwargs))

    return _documented(once)


def idempotent_when_drafted(draft: Drafting[V, P]) -> Handler[V, P]:
    """The same for a handler that first draws up what it will do: it is called without a transaction and without a
    claim, changes nothing, and answers the function that does it, which is called within.

    Of two requests at once with one key both may draw up; only one does it.
    """

    @functools.wraps(draft)
    def once(view: V, request: Request, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        keyed = _Keyed(request)
        if replayed := keyed.replay():
            return replayed
        try:
            act = draft(view, request, *args, **kwargs)
        except DomainError:
            # What can't be drawn up now may be what the same request has done meanwhile.
            if replayed := keyed.replay():
                return replayed
            raise
        return keyed.run(act)

    return _documented(once)


class _Keyed:
    """A request of somebody who is logged in, with its key if it has one."""

    def __init__(self, request: Request) -> None:
        if not request.user.is_authenticated:
            raise Unauthenticated()
        self._user_id = request.user.pk
        self._key = request.idempotency_key = requested_key(request)
        self._fingerprint = request_fingerprint(request) if self._key else ""

    def replay(self) -> Response | None:
        """What the same request was answered before, if it was."""
        if self._key is None:
            return None
        record = IdempotencyRecord.objects.filter(user_id=self._user_id, key=self._key).first()
        return _replay(record, self._fingerprint) if record and record.status is not None else None

    def run(self, act: Act) -> Response:
        with transaction.atomic():
            record = claim(self._user_id, self._key, self._fingerprint) if self._key else None
            if record and record.status is not None:
                return _replay(record, self._fingerprint)
            response = act()
            if response.status_code >= 400:
                transaction.set_rollback(True)
            elif record:
                record.status = response.status_code
                record.body = dumps(response.data).decode()
                record.save(update_fields=["status", "body"])
            return response


def _documented(once: Handler[V, P]) -> Handler[V, P]:
    # The schema documents the header where it finds this.
    once.honours_idempotency_key = True  # type: ignore[attr-defined]
    return once


def requested_key(request: Request) -> str | None:
    """The key as header or body field, validated; None if neither was sent. Raises ValidationFailed."""
    in_header = request.headers.get("Idempotency-Key")
    in_body = request.data.get(FIELD)
    if in_header is not None and in_body is not None and in_header != in_body:
        raise ValidationFailed({FIELD: ["The Idempotency-Key header and the field differ."]})
    key = in_body if in_header is None else in_header
    if key is None:
        return None
    if not isinstance(key, str):
        raise ValidationFailed({FIELD: ["The idempotency key must be a string."]})
    if not key.strip() or len(key) > MAX_KEY_LENGTH or not key.isprintable():
        raise ValidationFailed({FIELD: [f"The idempotency key needs 1 to {MAX_KEY_LENGTH} printable characters."]})
    return key


def request_fingerprint(request: Request) -> str:
    """SHA-256 in hex of method, path and body; the order of JSON keys and the key itself don't count."""
    data = request.data
    fields: Mapping[str, Any] = dict(data.lists()) if isinstance(data, QueryDict) else data
    body = {name: _content(value) for name, value in fields.items() if name != FIELD}
    described = [request.method, request.path, body]
    return hashlib.sha256(orjson.dumps(described, option=orjson.OPT_SORT_KEYS)).hexdigest()


def claim(user_id: int, key: str, fingerprint: str) -> IdempotencyRecord:
    """The key's row: new and ours (``status`` None), or the finished one of an earlier request.

    Waits while another transaction holds the same key. Call inside the transaction that does the work.
    """
    records = IdempotencyRecord._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{records}" (user_id, key, fingerprint, created_at) VALUES (%s, %s, %s, %s) '
            "ON CONFLICT (user_id, key) DO NOTHING",
            [user_id, key, fingerprint, timezone.now()],
        )
    return IdempotencyRecord.objects.get(user_id=user_id, key=key)


def forget_before(moment: datetime) -> int:
    """Drops the answers stored before ``moment``, and tells how many: their keys are free again."""
    return IdempotencyRecord.objects.filter(created_at__lt=moment).delete()[0]


def _replay(record: IdempotencyRecord, fingerprint: str) -> Response:
    if record.fingerprint != fingerprint:
        raise DomainError(
            "idempotency_conflict",
            "This idempotency key was already used for another request",
            data={FIELD: ["The idempotency key was already used for another request."]},
        )
    return Response(orjson.loads(record.body or "null"), status=record.status, headers={"Idempotency-Replayed": "true"})


def _content(value: Any) -> Any:
    if isinstance(value, list):
        return [_content(item) for item in value]
    if isinstance(value, UploadedFile):
        digest = hashlib.sha256()
        for chunk in value.chunks():
            digest.update(chunk)
        value.seek(0)
        return [value.name, value.size, digest.hexdigest()]
    return value
