"""What one learner did in one course on one day of UTC: facts, visits, completions, scores. docs/read-models.md,
section 13.

The rule of this file: visits are runs of moments, and joining runs is the same in whatever order the moments come; all
else are sums of whole numbers. So a day that gains something is moved on by that, and comes out as if computed anew.
"""

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
        min(sum([max(told, (last - first) // 1000) for first, last, told in visits]), _WHOLE_DAY),
        msgspec.json.encode(visits).decode(),
        day.completions,
        day.scores,
        day.score_sum,
    )


def day_of(row: DayRow) -> Day:
    """What a row of the table tells."""
    return Day(row.facts, row.events, _read_visits(row.visits), row.completions, row.scores, row.score_sum)


class More:
    """What a day gains; completions, scores and score_sum may be negative."""

    __slots__ = ("completions", "events", "facts", "score_sum", "scores")

    def __init__(self) -> None:
        self.facts = self.completions = self.scores = self.score_sum = 0
        self.events: list[Visit] = []

    def __bool__(self) -> bool:
        return bool(self.facts or self.completions or self.scores or self.score_sum)

    def added_to(self, day: Day) -> Day:
        """The day with all of it."""
        return Day(
            day.facts + self.facts,
            day.events + len(self.events),
            joined(day.visits, self.events) if self.events else day.visits,
            day.completions + self.completions,
            day.scores + self.scores,
            day.score_sum + self.score_sum,
        )


def joined(visits: tuple[Visit, ...], events: list[Visit]) -> tuple[Visit, ...]:
    """Visits with more moments: what is no more than 30 minutes apart is one."""
    more = sorted(events) if len(events) > 1 else events
    if not visits or more[0] >= visits[-1]:
        found = list(visits)
    else:
        found, more = [], sorted((*visits, *events))
    for visit in more:
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
