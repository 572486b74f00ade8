"""A small API on a real table, to try the HTTP layer without any app."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, TypedDict

from django.db import OperationalError, connection
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from config.api.envelope import ok
from config.api.errors import Conflict, DomainError, Forbidden, NotFound, ValidationFailed
from config.api.filters import Bool, Choice, DateTime, Int, ListSpec, Number, Str
from config.api.idempotency import idempotent
from config.api.models import IdempotencyRecord
from config.api.permissions import Authenticated, IsAdministrator, IsSuperAdministrator, Public
from config.api.views import APIView, APIViewSet, parse
from config.platform.locks import bound_waiting

COLUMNS = ("id", "key", "status", "created_at")


class RecordList(ListSpec):
    filters: ClassVar = {
        "id": Int(),
        "key": Str(),
        "status": Int(),
        "cost": Number("status"),
        "body": Str(),
        "active": Bool("user__is_active"),
        "kind": Choice(("alpha", "beta"), "fingerprint"),
        "created_at": DateTime(),
    }
    params: ClassVar = {"ownerId": Int("user_id")}
    search = ("key", "user__name")
    order: ClassVar = {"id": "id", "created_at": "created_at", "cost": "status", "key": "key"}
    default_order = "created_at:desc"
    feed = ("created_at", "id")


class CachedRecordList(RecordList):
    count_ttl = 60


class UnsearchableList(ListSpec):
    pass


class ItemSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=10)
    quantity = serializers.IntegerField(min_value=1)


class OrderSerializer(serializers.Serializer[Any]):
    c_password = serializers.CharField()
    items = ItemSerializer(many=True, required=False)


class RecordRow(TypedDict):
    id: int
    key: str
    status: int
    created_at: datetime


class RecordViewSet(APIViewSet):
    lookup_value_converter = "int"
    permissions: ClassVar = {
        "list": [Public],
        "cached": [Public],
        "instances": [Public],
        "unsearchable": [Public],
        "retrieve": [Authenticated],
        "create": [Authenticated],
        "administrate": [IsAdministrator],
        "reign": [IsSuperAdministrator],
        "login": [Public],
        "cancel_job": [Authenticated],
    }
    throttles: ClassVar = {"login": "login"}
    anonymous: ClassVar = {"login"}
    lists: ClassVar = {
        "list": RecordList,
        "cached": CachedRecordList,
        "instances": RecordList,
        "unsearchable": UnsearchableList,
    }

    @extend_schema(responses=Sequence[RecordRow])
    def list(self, request):
        return self.list_response(request, IdempotencyRecord.objects.values(*COLUMNS))

    @extend_schema(responses=Sequence[RecordRow])
    def cached(self, request):
        return self.list_response(request, IdempotencyRecord.objects.values(*COLUMNS), message="Cached")

    @extend_schema(responses=Sequence[RecordRow])
    def instances(self, request):
        return self.list_response(request, IdempotencyRecord.objects.all(), row=lambda record: {"key": record.key})

    @extend_schema(responses=Sequence[RecordRow])
    def unsearchable(self, request):
        return self.list_response(request, IdempotencyRecord.objects.values(*COLUMNS))

    @extend_schema(responses=RecordRow)
    def retrieve(self, request, pk: int):
        return ok({"id": pk})

    @extend_schema(request=OrderSerializer, responses={201: RecordRow})
    def create(self, request):
        return ok(parse(OrderSerializer, request), "Created", status=201)

    @extend_schema(responses=None)
    def administrate(self, request):
        return ok()

    @extend_schema(responses=None)
    def reign(self, request):
        return ok()

    @extend_schema(request=None, responses=None)
    def login(self, request):
        return ok({"anonymous": request.user.is_anonymous})

    @extend_schema(request=None, responses=None)
    def cancel_job(self, request, video_id: int):
        return ok({"video_id": video_id})


class FailingView(APIView):
    """Raises what its path says."""

    permissions: ClassVar = {"get": [Public]}

    @extend_schema(responses=None)
    def get(self, request, what: str):
        if what == "lock":
            self.wait_for_a_lock()
        raise {
            "domain": DomainError(
                "insufficient_credits", "Too few credits", data={"required_tokens": 10, "balance": 3}
            ),
            "validation": ValidationFailed({"title": ["Too long."]}),
            "forbidden": Forbidden(),
            "missing": NotFound("Video not found"),
            "conflict": Conflict(retry_after=7),
            "bug": ZeroDivisionError("secret detail"),
            "database": OperationalError("secret host"),
        }[what]

    def wait_for_a_lock(self):
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
            try:
                cursor.execute("SELECT pg_advisory_lock(4711)")
            finally:
                bound_waiting(connection.connection)


class ValuesView(APIView):
    """Every kind of value that needs a documented form in JSON."""

    permissions: ClassVar = {"get": [Public]}

    @extend_schema(responses=None)
    def get(self, request):
        moment = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
        return ok(
            {"moment": moment, "price": Decimal("9.99"), "whole": Decimal("10.00"), "day": moment.date()}, "Values"
        )


class WorkView(APIView):
    """Does work that must not be done twice: each run leaves a row whose fingerprint is ``work``."""

    permissions: ClassVar = {"post": [Authenticated]}

    @extend_schema(request=None, responses=None)
    @idempotent
    def post(self, request):
        return self.work(request)

    def work(self, request):
        run = IdempotencyRecord.objects.filter(fingerprint="work").count() + 1
        IdempotencyRecord.objects.create(user=request.user, key=f"work {run}", fingerprint="work")
        match request.data.get("outcome"):
            case "raise":
                raise DomainError("too_many_jobs", "Too many jobs")
            case "answer":
                return ok("not really", status=422)
        return ok({"run": run, "key": request.idempotency_key, "price": Decimal("9.99")}, "Worked", status=201)


def unguarded(request):
    """A plain Django view in the API's paths."""
    raise NotFound("Nothing here")
