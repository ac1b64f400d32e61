"""Writes what learners did by the day: activity_daily.

The rule of this file: a day is moved on by what it gains while its learner only gains facts; the days of whoever lost
one, or was given one from elsewhere, are computed anew from all that is stored. Both give the same row.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from psycopg import AsyncConnection

from projections.activity_daily import NO_DAY, Day, DayRow, More, day_of, millionths, moment, row_of
from projections.fact_rows import Key, Touched
from projections.memory import DayKey, Memory, Pair
from projections.packed_rows import columns, run
from projections.read_model_tables import ACTIVITY_DAILY
from projections.sql import QUERIES
from projections.vocabulary import BOOKKEEPING

_PAIR = {"courses": "uuid", "persons": "uuid"}
_DAY = {**_PAIR, "days": "date"}
_ANEW_AT_ONCE = 200
"""Learners whose days are computed anew at once."""


class DayGains:
    """What the days of learners gain, but for those that are computed anew."""

    def __init__(self, touched: Touched | None = None) -> None:
        self.anew: set[Pair] = set()
        self._more: defaultdict[DayKey, More] = defaultdict(More)
        if touched is not None:
            self.anew = touched.lost | {key[:2] for key in touched.disturbed}
            for key, facts in touched.fresh.items():
                if key[:2] not in self.anew:
                    for fact in facts:
                        self.did(key[:2], fact.at, fact.event, fact.duration)

    def did(self, pair: Pair, at: datetime, event: str, duration: int | None) -> None:
        """A live fact."""
        day, microsecond = moment(at)
        more = self._more[*pair, day]
        more.facts += 1
        if event not in BOOKKEEPING:
            more.events.append((microsecond, microsecond, duration or 0))

    def completed(self, key: Key, before: datetime | None, now: datetime | None) -> None:
        """When a learner completed a node, until now and from now on; the course itself is none."""
        course, person, node = key
        if before == now or node == course or key[:2] in self.anew:
            return
        if before is not None:
            self._more[course, person, moment(before)[0]].completions -= 1
        if now is not None:
            self._more[course, person, moment(now)[0]].completions += 1

    def scored(self, pair: Pair, submitted_at: datetime, score: float | None, times: int = 1) -> None:
        """An attempt that is there; times -1: that was there."""
        if score is not None and pair not in self.anew:
            more = self._more[*pair, moment(submitted_at)[0]]
            more.scores += times
            more.score_sum += times * millionths(score)

    def take(self) -> dict[DayKey, More]:
        """What days gain; it is forgotten."""
        gains = {key: more for key, more in self._more.items() if more}
        self._more.clear()
        return gains


async def write_days(connection: AsyncConnection, tenant: int, gains: DayGains, memory: Memory) -> None:
    """activity_daily of the days that gain something."""
    days = gains.take()
    known: dict[DayKey, Day] = {key: memory.days[key] for key in days if key in memory.days}
    asked = [key for key in days if key not in known]
    if asked:
        values = {"tenant": tenant, **columns(_DAY, asked)}
        for number, *row in await run(connection, QUERIES.rows_of_days.sql, values):
            known[asked[number - 1]] = day_of(DayRow(*row))
    rows = {key: more.added_to(known.get(key, NO_DAY)) for key, more in days.items()}
    await _write(connection, tenant, rows, known, memory)


async def write_days_anew(connection: AsyncConnection, tenant: int, pairs: Iterable[Pair], memory: Memory) -> None:
    """activity_daily of these learners, from all that is stored of them."""
    ordered = sorted(pairs)
    for begin in range(0, len(ordered), _ANEW_AT_ONCE):
        some = ordered[begin : begin + _ANEW_AT_ONCE]
        asked = {"tenant": tenant, **columns(_PAIR, some)}
        stored = DayGains()
        for course, person, *deed in await run(connection, QUERIES.deeds_of_learners.sql, asked):
            stored.did((course, person), *deed)
        for course, person, node, at in await run(connection, QUERIES.completions_of_learners.sql, asked):
            stored.completed((course, person, node), None, at)
        for course, person, at, score in await run(connection, QUERIES.scores_of_learners.sql, asked):
            stored.scored((course, person), at, score)
        known: dict[DayKey, Day] = {}
        for course, person, day, *row in await run(connection, QUERIES.days_of_learners.sql, asked):
            known[course, person, day] = day_of(DayRow(*row))
        rows = {key: more.added_to(NO_DAY) for key, more in stored.take().items()}
        await _write(connection, tenant, dict.fromkeys(known, NO_DAY) | rows, known, memory)


async def _write(
    connection: AsyncConnection,
    tenant: int,
    days: Mapping[DayKey, Day],
    known: Mapping[DayKey, Day],
    memory: Memory,
) -> None:
    """These days, of which some have a row; a day with nothing has none."""
    gone = [key for key in known if days[key] == NO_DAY]
    changed = [key + row_of(days[key]) for key, was in known.items() if days[key] not in (was, NO_DAY)]
    new = [key + row_of(day) for key, day in days.items() if key not in known and day != NO_DAY]
    await ACTIVITY_DAILY.delete(connection, tenant, gone)
    await ACTIVITY_DAILY.upsert(connection, tenant, changed)
    await ACTIVITY_DAILY.add(connection, tenant, new)
    memory.days.update(days)
    for key in gone:
        del memory.days[key]
