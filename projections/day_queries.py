"""What was done in a course by the day, by one learner and by all, a page at a time.

docs/read-models.md, sections 13 and 14.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
from msgspec import Struct
from psycopg import AsyncConnection
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    Double,
    Integer,
    Numeric,
    Select,
    Uuid,
    bindparam,
    column,
    select,
    table,
    true,
)

from projections.keyset_queries import Order, Pages, Place, Wanted
from projections.looked_up_queries import person_of

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("day_queries.sql"), "psycopg", mandatory_parameters=False)
_OF_LEARNER = table(
    "activity_day",
    column("tenant", Integer),
    column("course", Uuid),
    column("person", Uuid),
    column("day", Date),
    *(column(name, Integer) for name in ("events", "sessions", "completions", "scores")),
    column("duration", BigInteger),
    *(column(name, Boolean) for name in ("enrolled", "started", "completed")),
    column("score", Numeric),
).alias("d")


class LearnerDay(Struct, frozen=True):
    """What one learner did in a course on one day of UTC. duration: milliseconds."""

    person: UUID
    ifi: str
    day: date
    events: int
    sessions: int
    duration: int
    completions: int
    enrolled: bool
    started: bool
    completed: bool
    scores: int
    score: float | None


class CourseDay(Struct, frozen=True):
    """What was done in a course on one day of UTC, by how many."""

    day: date
    enrolled: int
    active: int
    started: int
    completed: int
    events: int
    completions: int
    mean_score: float | None
    median_score: float | None


_D = _OF_LEARNER.c
_OF_PERSON = person_of(_OF_LEARNER)
_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "person": _D.person == bindparam("person", type_=Uuid),
    "since": _D.day >= bindparam("since", type_=Date),
    "until": _D.day < bindparam("until", type_=Date),
}


def _of_learners(filters: frozenset[str]) -> Select[Any]:
    told = (_D[name] for name in LearnerDay.__struct_fields__[2:-1])
    here = (_D.tenant == bindparam("tenant", type_=Integer), _D.course == bindparam("course", type_=Uuid))
    return (
        select(_D.person, _OF_PERSON.c.ifi, *told, _D.score.cast(Double))
        .select_from(_OF_LEARNER.outerjoin(_OF_PERSON, true()))
        .where(*here, *(_CONDITIONS[name] for name in sorted(filters)))
    )


LEARNER_DAYS = Pages(_of_learners, {"day": Order((_D.day, _D.person))})


async def read_learner_days(
    connection: AsyncConnection, tenant: int, course: UUID, filters: Mapping[str, Any], wanted: Wanted
) -> tuple[list[LearnerDay], Place | None]:
    """A page of learners' days, and where the next begins. filters: person, since, until."""
    page = await LEARNER_DAYS.read(connection, {"tenant": tenant, "course": course}, filters, wanted)
    return [LearnerDay(*row) for row in page.rows], page.next


async def read_course_days(
    connection: AsyncConnection, tenant: int, course: UUID, filters: Mapping[str, Any], wanted: Wanted
) -> tuple[list[CourseDay], Place | None]:
    """A page of the course's days, and where the next begins. filters: since, until."""
    after = None if wanted.after is None else wanted.after[0]
    whole = {"since": None, "until": None, **filters}
    asked = {"tenant": tenant, "course": course, "after": after, "limit": wanted.limit + 1, **whole}
    rows = await (await connection.execute(QUERIES.course_days.sql, asked)).fetchall()
    found = [CourseDay(*row) for row in rows[: wanted.limit]]
    return found, [found[-1].day] if len(rows) > wanted.limit else None
