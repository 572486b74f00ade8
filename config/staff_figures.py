"""The overview's parts: each app plugs in the figures it can tell, and each member of the staff sees what they may.

A part answers from SQL aggregates over an index, however many rows there are: all parts together keep within
``BUDGET_MS`` at a million (``bench.staff``). Every figure leads to the list that it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from django.http import Http404, HttpRequest
from django.utils import timezone

from config.api.errors import DomainError
from config.platform.hooks import hook_of

BUDGET_MS: Final = 200
DEFAULT: Final = "7d"
PERIODS: Final[dict[str, tuple[str, timedelta, str]]] = {
    "24h": ("24 hours", timedelta(hours=24), "hour"),
    "7d": ("7 days", timedelta(days=7), "hour"),
    "30d": ("30 days", timedelta(days=30), "day"),
    "90d": ("90 days", timedelta(days=90), "day"),
}
"""By the name in the address: what it is called, how long it is, and the step of its charts."""
_STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


@dataclass(frozen=True)
class Period:
    """From ``since`` until now, in whole steps of UTC: the newest step is still going on."""

    name: str
    title: str
    since: datetime
    until: datetime
    step: str
    """``hour`` or ``day``, as PostgreSQL's ``date_trunc`` takes it."""

    @property
    def moments(self) -> list[datetime]:
        """Where the steps begin."""
        length = _STEPS[self.step]
        return [self.since + number * length for number in range((self.until - self.since) // length + 1)]

    @property
    def hours(self) -> float:
        return (self.until - self.since) / timedelta(hours=1)


class Figure(NamedTuple):
    title: str
    value: str
    link: str = ""
    """The list that it counts."""
    about: str = ""
    alarm: bool = False


class Cell(NamedTuple):
    text: str
    link: str = ""


@dataclass(frozen=True)
class Table:
    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    @property
    def labelled(self) -> list[list[tuple[str, Cell]]]:
        """Each cell with its column's name, which a narrow screen shows beside it."""
        return [list(zip(self.heads, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Chart:
    """One line or more over the period's steps."""

    title: str
    period: Period
    lines: dict[str, dict[datetime, float]]
    """By name: the value of each step that has one."""

    @property
    def data(self) -> dict[str, object]:
        """For the script: seconds since 1970, and a list of values for each line."""
        moments = self.period.moments
        return {
            "moments": [int(moment.timestamp()) for moment in moments],
            "lines": [
                {"name": name, "values": [values.get(moment, 0) for moment in moments]}
                for name, values in self.lines.items()
            ],
        }


@dataclass(frozen=True)
class Part:
    figures: Sequence[Figure] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True)
class StaffFigures:
    title: str
    permission: str
    """Who sees it: ``app.verb_model``."""
    read: Callable[[Period], Part]
    """Called over all tenants."""
    live: bool = False
    """Whether it is of this moment, and read again every few seconds while somebody looks."""
    order: int = 50
    """On the page."""


staff_figures = hook_of("staff_figures", StaffFigures, "Parts of the overview, by name.")


@dataclass(frozen=True)
class Shown:
    """A part as the page shows it; ``problem`` says why it can't be told."""

    name: str
    title: str
    live: bool
    part: Part = field(default_factory=Part)
    problem: str = ""


def asked_period(request: HttpRequest, now: datetime | None = None) -> Period:
    """That of ``?period=``. Raises Http404 for one that there is not."""
    name = request.GET.get("period", DEFAULT)
    if name not in PERIODS:
        raise Http404
    title, length, step = PERIODS[name]
    until = now or timezone.now()
    since = (until - length + _STEPS[step]).astimezone(UTC)
    hour = since.hour if step == "hour" else 0
    return Period(name, title, since.replace(hour=hour, minute=0, second=0, microsecond=0), until, step)


def shown_parts(request: HttpRequest, period: Period, *, live_alone: bool = False) -> list[Shown]:
    """What the member of the staff who asks may see; of a part that can't be told, why."""
    found = []
    for name, figures in sorted(staff_figures.items(), key=lambda item: item[1].order):
        if not request.user.has_perm(figures.permission) or (live_alone and not figures.live):
            continue
        try:
            found.append(Shown(name, figures.title, figures.live, figures.read(period)))
        except DomainError as error:
            found.append(Shown(name, figures.title, figures.live, problem=error.message))
    return found
