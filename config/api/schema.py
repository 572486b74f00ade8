"""The OpenAPI schema tells the whole truth: envelopes, pages, list parameters, errors, who may call.

Annotate views with what is inside ``data``; the rest is added here::

    @extend_schema(request=SubmitSerializer, responses={201: JobRow})

``JobRow`` is the ``TypedDict`` of the row (``answers.py``), ``Sequence[JobRow]`` a list of them, and ``responses=None``
documents ``data: null``. An action named in the view's ``lists`` answers a page.
A response that is no envelope (a file, a redirect) is annotated by media type: ``{(200, "video/mp4"): bytes}``.
"""

import re
from collections.abc import Iterator

from django.utils.functional import cached_property
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, build_array_type, is_list_serializer
from drf_spectacular.utils import Direction, OpenApiParameter
from rest_framework import serializers

from config.api.answers import items_of, row_serializer
from config.api.codes import codes as every_code
from config.api.documentation import Operation, Schema, operations
from config.api.examples import JSON, error_example
from config.api.filters import DEFAULT_PER_PAGE, MAX_PER_PAGE, MAX_SEARCH_LENGTH, ListSpec
from config.api.idempotency import MAX_KEY_LENGTH
from config.api.permissions import Authenticated, IsAdministrator, Public
from config.api.views import DeclaredActions

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_ERROR = {
    "type": "object",
    "properties": {
        "success": {"type": "boolean", "enum": [False]},
        "message": {**_TEXT, "description": "One sentence for people."},
        "code": {**_TEXT, "description": "Stable word for programs, such as not_found."},
        "data": {
            "type": "object",
            "additionalProperties": {},
            "description": "On 409 and 422 only: the reasons by field, or the figures of a broken rule.",
        },
        "request_id": {**_TEXT, "description": "On 500 only: quote it to support."},
    },
    "required": ["success", "message", "code"],
}
_AS_TEXT: dict[str, Schema] = {
    "integer": {**_TEXT, "pattern": r"^-?[0-9]+$"},
    "number": {**_TEXT, "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
    "boolean": {**_TEXT, "enum": ["true", "false", "1", "0"]},
}
_RETRY_AFTER = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}


class EnvelopeSchema(AutoSchema):
    """Fits views of ``config.api.views``; leaves others (the schema's own) alone."""

    view: DeclaredActions

    @cached_property
    def action(self) -> str:
        """The declared action, or the method of a plain view."""
        return getattr(self.view, "action", None) or self.method.lower()

    @cached_property
    def list_spec(self) -> type[ListSpec] | None:
        return self.view.lists.get(self.action) if isinstance(self.view, DeclaredActions) else None

    def get_operation_id(self) -> str:
        """``get_videos_by_id``: method and path, so that no two operations share one."""
        words = [re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).lower() for word in re.findall(r"[{\w]+", self.path)]
        words = words[1:] if words[0] == "api" else ["root", *words]
        return "_".join([self.method.lower(), *(word.replace("{", "by_") for word in words)])

    @cached_property
    def told(self) -> Operation | None:
        """What the app's ``documentation`` says of this operation."""
        return operations().get(f"{self.method} {self.path}")

    def get_tags(self) -> list[str]:
        return [self.told.tag] if self.told else super().get_tags()

    def get_summary(self) -> str | None:
        return self.told.summary if self.told else None

    def get_description(self) -> str:
        return self.told.description if self.told else super().get_description()

    def get_auth(self) -> list[Schema]:
        auth = super().get_auth()
        # The empty requirement means that it works without credentials as well.
        return [*auth, {}] if self._is_public() else auth

    def get_override_parameters(self) -> list[OpenApiParameter]:
        return [*super().get_override_parameters(), *self._list_parameters(), *self._idempotency_parameters()]

    def _is_public(self) -> bool:
        return any(isinstance(permission, Public) for permission in self.view.get_permissions())

    def _is_create_operation(self) -> bool:
        # A 201 is annotated where it is answered; an action's name says nothing.
        return False

    def _idempotency_parameters(self) -> Iterator[OpenApiParameter]:
        if self._honours_key():
            text = "Names this request: however often it is sent, it happens once and is answered the same."
            schema = {**_TEXT, "maxLength": MAX_KEY_LENGTH}
            yield OpenApiParameter("Idempotency-Key", schema, OpenApiParameter.HEADER, description=text)

    def _list_parameters(self) -> Iterator[OpenApiParameter]:
        spec = self.list_spec
        if spec is None:
            return
        yield _parameter("page", {"type": "integer", "minimum": 1, "default": 1})
        per_page = {"type": "integer", "minimum": 1, "maximum": MAX_PER_PAGE, "default": DEFAULT_PER_PAGE}
        yield _parameter("perPage", per_page)
        if spec.searchable():
            yield _parameter("search", {**_TEXT, "maxLength": MAX_SEARCH_LENGTH})
        fields = ", ".join(spec.order_paths)
        yield _parameter("order", {**_TEXT, "default": spec.default_order}, f"field:asc or field:desc of {fields}.")
        if spec.feed:
            yield _parameter("cursor", _TEXT, "The nextCursor of an earlier page, instead of a page number.")
        for name, declared in spec.by_parameter.items():
            multiple = declared.operator in ("in", "notin", "between", "isnull", "notnull", "like")
            yield _parameter(name.removesuffix("="), _TEXT if multiple else declared.kind.schema)

    def _map_serializer_field(
        self, field: serializers.Field, direction: Direction, bypass_extensions: bool = False
    ) -> Schema:
        """Numbers and booleans of a body may be texts, for forms have nothing else; the schema says so."""
        schema = super()._map_serializer_field(field, direction, bypass_extensions)
        text = _AS_TEXT.get(schema.get("type", "")) if direction == "request" else None
        return {"anyOf": [schema, text]} if text else schema

    def _map_basic_serializer(self, serializer: object, direction: Direction) -> Schema:
        schema: Schema = super()._map_basic_serializer(serializer, direction)
        # What a serializer inherits was written for those who build on its base, not for who sends or gets it.
        own = serializer if isinstance(serializer, type) else type(serializer)
        if not vars(own).get("__doc__"):
            schema.pop("description", None)
        return schema

    def _is_list_view(self, serializer: object = None) -> bool:
        # A list is what is annotated many=True; an action's name says nothing.
        serializer = self.get_response_serializers() if serializer is None else serializer
        if isinstance(serializer, dict) and serializer:
            serializer = serializer[min(serializer, key=str)]
        return is_list_serializer(serializer)

    def _get_response_bodies(self, direction: Direction = "response") -> Schema:
        responses = super()._get_response_bodies(direction)
        if not isinstance(self.view, DeclaredActions):
            return responses
        # DRF deletes with 204; here every answer has its envelope, unless a view declares that it has no content.
        declared = self.get_response_serializers()
        empty = isinstance(declared, dict) and 204 in declared
        if "204" in responses and not empty:
            responses = {"200": responses["204"]}
        files = {str(key[0]) for key in declared if isinstance(key, tuple)} if isinstance(declared, dict) else set()
        wrapped = {
            code: response if code in files or _has_no_body(int(code)) else self._wrapped(response)
            for code, response in responses.items()
        }
        return {**wrapped, **{code: answer for code, answer in self._errors().items() if code not in wrapped}}

    def _get_response_for_code(self, serializer: object, *args: object, **options: object) -> Schema:
        items = items_of(serializer)
        serializer = serializer if items is None else row_serializer(items)(many=True)
        response: Schema = super()._get_response_for_code(serializer, *args, **options)
        return response

    def _wrapped(self, response: Schema) -> Schema:
        content = response.get("content") or {JSON: {"schema": {"nullable": True}}}
        if JSON not in content:
            return response
        schema = content[JSON].get("schema", {})
        data = self._page(schema) if self.list_spec else schema
        envelope = {
            "type": "object",
            "properties": {"success": {"type": "boolean", "enum": [True]}, "data": data, "message": _TEXT},
            "required": ["success", "data", "message"],
        }
        description = response.get("description") or "Success"
        return {
            **response,
            "description": description,
            "content": {**content, JSON: {**content[JSON], "schema": envelope}},
        }

    def _page(self, items: Schema) -> Schema:
        properties: Schema = {
            "items": items if items.get("type") == "array" else build_array_type(items),
            "totalItems": _COUNT,
            "totalPages": _COUNT,
            "page": _COUNT,
            "perPage": _COUNT,
            "order": _TEXT,
            "search": _TEXT,
            "filters": {"type": "object", "additionalProperties": _TEXT, "description": "As given."},
        }
        required = list(properties)
        if self.list_spec and self.list_spec.feed:
            properties["nextCursor"] = {**_TEXT, "nullable": True}
        return {"type": "object", "properties": properties, "required": required}

    def _errors(self) -> Schema:
        component = ResolvedComponent(
            name="Error", type=ResolvedComponent.SCHEMA, schema=_ERROR, object="config.api.error"
        )
        self.registry.register_on_missing(component)
        return {status: self._error(component, codes) for status, codes in sorted(self._codes().items())}

    def _error(self, component: ResolvedComponent, codes: list[str]) -> Schema:
        content = {"schema": component.ref, "examples": {code: {"value": error_example(code)} for code in codes}}
        headers = {"headers": _RETRY_AFTER} if every_code()[codes[0]].status in (409, 429, 503, 507) else {}
        described = "; ".join(f"`{code}`: {every_code()[code].example}" for code in codes)
        return {"description": described, "content": {JSON: content}, **headers}

    def _codes(self) -> dict[str, list[str]]:
        """The error codes by status: those of every operation of this kind, and its own."""
        kinds = ["validation_error", "too_many_requests", "server_error", "service_unavailable", "busy"]
        if self.view.get_authenticators():
            kinds.append("unauthenticated")
            if self.method != "GET":
                kinds.append("acting_as")
        permissions = self.view.get_permissions()
        if any(type(permission) not in (Public, Authenticated) for permission in permissions):
            kinds.append("forbidden")
        if any(isinstance(permission, IsAdministrator) for permission in permissions):
            kinds.append("second_factor_required")
        if "{" in self.path:
            kinds.append("not_found")
        if self._reads_body():
            kinds += ["malformed_json", "malformed_body", "incomplete_body", "too_slow", "too_large"]
            kinds += ["unsupported_media_type"]
        if self._honours_key():
            kinds.append("idempotency_conflict")
        if self.method != "GET":
            kinds += ["conflict", "disk_full"]
        found: dict[str, list[str]] = {}
        for code in dict.fromkeys([*kinds, *(self.told.codes.split() if self.told else [])]):
            found.setdefault(str(every_code()[code].status), []).append(code)
        return found

    def _reads_body(self) -> bool:
        return self.method in ("POST", "PUT", "PATCH") and (
            self._honours_key() or self.get_request_serializer() is not None
        )

    def _honours_key(self) -> bool:
        return getattr(getattr(self.view, self.action, None), "honours_idempotency_key", False)


def _has_no_body(status: int) -> bool:
    return status in (204, 416) or 300 <= status < 400


def _parameter(name: str, schema: Schema, description: str = "") -> OpenApiParameter:
    return OpenApiParameter(name, type=schema, description=description)
