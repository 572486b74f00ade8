"""Request bodies: bounded in size, free of NUL, and never more than one way to be malformed.

DRF's own parsers read the stream past Django's ``DATA_UPLOAD_MAX_MEMORY_SIZE``; these stop there with a 413.
"""

from collections.abc import Iterator
from typing import IO, Any

from django.conf import settings
from django.http import QueryDict
from rest_framework.exceptions import ParseError
from rest_framework.parsers import DataAndFiles, FormParser, JSONParser, MultiPartParser

from config.api import json_text
from config.api.errors import TooLarge, ValidationFailed

NUL_REASON = "NUL characters are not allowed."


class MalformedJson(ParseError):
    default_detail = "The body is not valid JSON"
    default_code = "malformed_json"


class OrjsonParser(JSONParser):
    """``application/json`` in UTF-8: an object, or nothing at all, which counts as an empty one."""

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> dict[str, object]:
        body = _read(stream, parser_context)
        if not body.strip():
            return {}
        try:
            data = json_text.loads(body)
        except json_text.MalformedJson as error:
            raise MalformedJson() from error
        except json_text.BadJson as error:
            raise ValidationFailed({"body": [str(error)]}) from error
        if not isinstance(data, dict):
            raise ValidationFailed({"body": ["The body must be a JSON object."]})
        # JSON can only carry a NUL as this escape; the walk is for the few bodies that have one.
        if b"\\u0000" in body:
            refuse_nul(dict(_strings(data)))
        return data


class JsonApiParser(OrjsonParser):
    media_type = "application/vnd.api+json"


class BoundedFormParser(FormParser):
    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> QueryDict:
        data = QueryDict(_read(stream, parser_context), encoding="utf-8")
        refuse_nul(_form_strings(data))
        return data


class BoundedMultiPartParser(MultiPartParser):
    """Django bounds the fields' size itself; files are streamed to disk and bounded by their own rules."""

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> DataAndFiles:
        try:
            parsed = super().parse(stream, media_type, parser_context)
        except Exception as error:
            # Of a body that ends early or never, the file that was being written would stay for a while.
            for handler in parser_context["request"].upload_handlers:
                handler.upload_interrupted()
            if isinstance(error, TypeError):
                # What Python makes of a parameter that a part's header gives twice, whole and in pieces (RFC 2231).
                raise ParseError("Multipart form parse error - Invalid header of a part") from error
            raise
        refuse_nul(_form_strings(parsed.data))
        return parsed


def refuse_nul(strings: dict[str, str]) -> None:
    """Raises 422 for every name or text with a NUL in it: PostgreSQL can't store one."""
    guilty = {name.replace("\0", ""): [NUL_REASON] for name, text in strings.items() if "\0" in name or "\0" in text}
    if guilty:
        raise ValidationFailed(guilty)


def body_too_large() -> TooLarge:
    """For a body, or the fields of a form, beyond ``DATA_UPLOAD_MAX_MEMORY_SIZE``."""
    return TooLarge(f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes")


def _read(stream: IO[bytes], parser_context: Any) -> bytes:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if limit is None:
        return stream.read()
    declared = parser_context["request"].META.get("CONTENT_LENGTH") or "0"
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise body_too_large()
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise body_too_large()
    return body


def _form_strings(data: QueryDict) -> dict[str, str]:
    return {name: "".join(values) for name, values in data.lists()}


def _strings(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a JSON document with its dotted path; a key counts as a text of its own."""
    if isinstance(value, str):
        yield path or "body", value
    elif isinstance(value, dict):
        for key, item in value.items():
            name = f"{path}.{key}" if path else key
            if "\0" in key:
                yield name, key
            yield from _strings(item, name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, f"{path}.{index}" if path else str(index))
