"""What one learner did in one course on one day of UTC: facts, visits, completions, scores. docs/read-models.md,
section 13.

The rule of this file: visits are runs of moments, and joining runs is the same in whatever order the moments come; all
else are sums of whole numbers. So a day that gains something is moved on by that, and comes out as if computed anew.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import msgspec

from projections.node_progress import VISIT_GAP

Visit = tuple[int, int, int]
"""Microseconds of the day at which it began and ended; milliseconds: the longest duration that was told in it."""

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_FIRST_DAY = _EPOCH.toordinal()
_GAP = VISIT_GAP // timedelta(microseconds=1)
_WHOLE_DAY = timedelta(days=1) // timedelta(milliseconds=1)
_MILLIONTHS = 1_000_000

_read_visits = msgspec.json.Decoder(tuple[Visit, ...]).decode


class Day(NamedTuple):
    """What a day holds. facts: all of them; events: those that are activity; score_sum: in millionths."""

    facts: int = 0
    events: int = 0
    visits: tuple[Visit, ...] = ()
    completions: int = 0
    scores: int = 0
    score_sum: int = 0


NO_DAY = Day()


class DayRow(NamedTuple):
    """One row of `activity_daily`, after tenant, course, person and day. duration in milliseconds."""

    facts: int
    events: int
    sessions: int
    duration: int
    visits: str
    completions: int
    scores: int
    score_sum: int


def row_of(day: Day) -> DayRow:
    """A day as the table has it."""
    visits = day.visits
    return DayRow(
        day.facts,
        day.events,
        len(visits),
        min(sum(max(told, (last - first) // 1000) for first, last, told in visits), _WHOLE_DAY),
        msgspec.json.encode(visits).decode(),
        day.completions,
        day.scores,
        day.score_sum,
    )


def day_of(row: DayRow) -> Day:
    """What a row of the table tells."""
    return Day(row.facts, row.events, _read_visits(row.visits), row.completions, row.scores, row.score_sum)


def added(day: Day, more: Day) -> Day:
    """A day with more of the same; the numbers of `more` may be negative."""
    return Day(
        day.facts + more.facts,
        day.events + more.events,
        joined((*day.visits, *more.visits)) if more.visits else day.visits,
        day.completions + more.completions,
        day.scores + more.scores,
        day.score_sum + more.score_sum,
    )


def joined(visits: Iterable[Visit]) -> tuple[Visit, ...]:
    """Visits no more than 30 minutes apart as one."""
    found: list[Visit] = []
    for visit in sorted(visits):
        if found and visit[0] - found[-1][1] <= _GAP:
            first, last, told = found[-1]
            found[-1] = first, max(last, visit[1]), max(told, visit[2])
        else:
            found.append(visit)
    return tuple(found)


def moment(at: datetime) -> tuple[date, int]:
    """The day of an instant, and the microsecond of the day."""
    since = at - _EPOCH
    return date.fromordinal(_FIRST_DAY + since.days), since.seconds * 1_000_000 + since.microseconds


def millionths(score: float) -> int:
    """A score, which has 6 decimals, as a whole number."""
    return round(score * _MILLIONTHS)
