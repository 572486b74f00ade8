"""The types of filterable fields: which operators each has, how a text becomes a value, what condition it makes."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django.db.models import Choices, Q
from django.db.models.enums import ChoicesType
from django.utils.dateparse import parse_date, parse_datetime

from config.api.documentation import Schema

MAX_LIST_LENGTH = 100
MAX_TEXT_LENGTH = 255
MAX_YEAR = 9998
"""So that there is a day after each, which is where a period ends."""

EQUALITY = ("=", "not", "in", "notin", "isnull", "notnull")
ORDERED = (*EQUALITY, "between", "greater", "less", "greaterorequal", "lessorequal")
LISTS = ("in", "notin")
NULLS = ("isnull", "notnull")

_LOOKUPS = {"=": "exact", "greater": "gt", "less": "lt", "greaterorequal": "gte", "lessorequal": "lte"}
_FLAGS = {"1": True, "true": True, "0": False, "false": False}
_BIGINT = 2**63


@dataclass(frozen=True)
class Field:
    """A whitelisted field. ``path`` is its ORM path, the declared name if empty."""

    path: str = ""

    operators: ClassVar[tuple[str, ...]] = EQUALITY
    schema: ClassVar[Schema] = {"type": "string"}

    def parse(self, text: str) -> object:
        """One value. Raises ValueError with a reason for people."""
        raise TypeError(f"{type(self).__name__} can't be filtered by")

    def values(self, operator: str, text: str) -> list[Any]:
        """The operator's operands. Raises ValueError with a reason."""
        if operator in NULLS:
            if text.lower() not in _FLAGS:
                raise ValueError("Must be true or false.")
            return [_FLAGS[text.lower()]]
        if operator == "between":
            parts = text.split(",")
            if len(parts) != 2:
                raise ValueError("Must be two values separated by a comma.")
            return [self.parse(part.strip()) for part in parts]
        if operator in LISTS:
            parts = text.split(",")
            if len(parts) > MAX_LIST_LENGTH:
                raise ValueError(f"May have at most {MAX_LIST_LENGTH} values.")
            return [self.parse(part.strip()) for part in parts]
        return [self.parse(text)]

    def condition(self, operator: str, path: str, values: Sequence[object]) -> Q:
        match operator:
            case "isnull" | "notnull":
                return Q(**{f"{path}__isnull": values[0] is (operator == "isnull")})
            case "between":
                low, high = values
                return self.condition("greaterorequal", path, [low]) & self.condition("lessorequal", path, [high])
            case "in":
                return Q(**{f"{path}__in": values})
            case "not":
                return ~self.condition("=", path, values)
            case "notin":
                return ~self.condition("in", path, values)
            case "like":
                return Q(**{f"{path}__icontains": values[0]})
        return Q(**{f"{path}__{_LOOKUPS[operator]}": values[0]})


class Int(Field):
    operators = ORDERED
    schema: ClassVar[Schema] = {"type": "integer"}

    def parse(self, text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,19}", text) or not -_BIGINT <= int(text) < _BIGINT:
            raise ValueError("Must be an integer.")
        return int(text)


class Number(Field):
    """A decimal column, compared exactly."""

    operators = ORDERED
    schema: ClassVar[Schema] = {"type": "number"}

    def parse(self, text: str) -> Decimal:
        try:
            value = Decimal(text)
        except InvalidOperation:
            value = Decimal("NaN")
        # Larger than any column here, and PostgreSQL would spell out its digits.
        if not value.is_finite() or abs(value.adjusted()) > 30:
            raise ValueError("Must be a number.")
        return value


class Str(Field):
    operators = (*EQUALITY, "like")

    def parse(self, text: str) -> str:
        if len(text) > MAX_TEXT_LENGTH:
            raise ValueError(f"May not be longer than {MAX_TEXT_LENGTH} characters.")
        return text


class Bool(Field):
    operators = ("=", "not", *NULLS)
    schema: ClassVar[Schema] = {"type": "boolean"}

    def parse(self, text: str) -> bool:
        if text.lower() not in _FLAGS:
            raise ValueError("Must be true or false.")
        return _FLAGS[text.lower()]


class Date(Field):
    operators = ORDERED
    schema: ClassVar[Schema] = {"type": "string", "format": "date"}

    def parse(self, text: str) -> date:
        try:
            day = parse_date(text)
        except ValueError:
            day = None
        if day is None or day.year > MAX_YEAR:
            raise ValueError(f"Must be a date (YYYY-MM-DD) until {MAX_YEAR}.")
        return day


@dataclass(frozen=True)
class Moment:
    """What a text names in time: from ``start`` to before ``end``, or the instant ``start`` if ``end`` is None."""

    start: datetime
    end: datetime | None = None


class DateTime(Field):
    """A moment in time; a date without a time is its whole day in UTC, a time without an offset is UTC."""

    operators = ORDERED
    schema: ClassVar[Schema] = {
        "type": "string",
        "description": "A date (its whole day) or a date and time.",
    }

    def parse(self, text: str) -> Moment:
        try:
            if day := parse_date(text):
                start = datetime.combine(day, time(), UTC)
                return Moment(start, start + timedelta(days=1))
            if moment := parse_datetime(text):
                return Moment(moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC))
        except (ValueError, OverflowError):
            pass
        raise ValueError("Must be a date (YYYY-MM-DD) or a date and time (ISO 8601).")

    def condition(self, operator: str, path: str, values: Sequence[object]) -> Q:
        if operator in ("between", "not", "notin", *NULLS):
            return super().condition(operator, path, values)
        if operator == "in":
            any_of = Q()
            for value in values:
                any_of |= self.condition("=", path, [value])
            return any_of
        moment = values[0]
        assert isinstance(moment, Moment)
        if moment.end is None:
            return super().condition(operator, path, [moment.start])
        match operator:
            case "=":
                return Q(**{f"{path}__gte": moment.start, f"{path}__lt": moment.end})
            case "greater":
                return Q(**{f"{path}__gte": moment.end})
            case "lessorequal":
                return Q(**{f"{path}__lt": moment.end})
        return super().condition(operator, path, [moment.start])


@dataclass(frozen=True)
class Choice(Field):
    """One of a fixed set: a ``TextChoices``/``IntegerChoices`` class, plain strings, or what answers them."""

    choices: type[Choices] | Sequence[str] | Callable[[], Sequence[str]] = ()
    path: str = ""

    def __init__(self, choices: type[Choices] | Sequence[str] | Callable[[], Sequence[str]], path: str = "") -> None:
        object.__setattr__(self, "choices", choices)
        object.__setattr__(self, "path", path)

    def parse(self, text: str) -> object:
        for value in self.allowed():
            if str(value) == text:
                return value
        raise ValueError(f"Must be one of {', '.join(map(str, self.allowed()))}.")

    def allowed(self) -> list[object]:
        if isinstance(self.choices, Sequence):
            return list(self.choices)
        if isinstance(self.choices, ChoicesType):
            return self.choices.values
        return list(self.choices())
