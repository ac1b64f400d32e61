"""What was done in a course by the day, by one learner and by all, a page at a time.

docs/read-models.md, sections 13 and 14.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

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
from projections.looked_up import person_of

_MARKS = ("enrolled", "started", "completed")
_OF_LEARNER = table(
    "activity_day",
    column("tenant", Integer),
    column("course", Uuid),
    column("person", Uuid),
    column("day", Date),
    *(column(name, Integer) for name in ("events", "sessions", "completions", "scores")),
    column("duration", BigInteger),
    *(column(name, Boolean) for name in _MARKS),
    column("score", Numeric),
).alias("d")
_OF_COURSE = table(
    "course_daily",
    column("tenant", Integer),
    column("course", Uuid),
    column("day", Date),
    *(column(name, BigInteger) for name in (*_MARKS, "active", "events", "completions")),
    column("mean_score", Numeric),
    column("median_score", Numeric),
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


def _conditions(day: Any) -> dict[str, ColumnElement[bool]]:
    return {"since": day >= bindparam("since", type_=Date), "until": day < bindparam("until", type_=Date)}


def _selected(rows: Select[Any], days: Any, filters: frozenset[str]) -> Select[Any]:
    c = days.c
    conditions = _conditions(c.day)
    if "person" in filters:
        conditions["person"] = c.person == bindparam("person", type_=Uuid)
    here = (c.tenant == bindparam("tenant", type_=Integer), c.course == bindparam("course", type_=Uuid))
    return rows.where(*here, *(conditions[name] for name in sorted(filters)))


def _of_learners(filters: frozenset[str]) -> Select[Any]:
    c, person = _OF_LEARNER.c, person_of(_OF_LEARNER)
    told = (c[name] for name in LearnerDay.__struct_fields__[2:-1])
    rows = select(c.person, person.c.ifi, *told, c.score.cast(Double))
    return _selected(rows.select_from(_OF_LEARNER.outerjoin(person, true())), _OF_LEARNER, filters)


def _of_course(filters: frozenset[str]) -> Select[Any]:
    c = _OF_COURSE.c
    told = (c[name].cast(BigInteger) for name in CourseDay.__struct_fields__[1:-2])
    rows = select(c.day, *told, c.mean_score.cast(Double), c.median_score.cast(Double)).select_from(_OF_COURSE)
    return _selected(rows, _OF_COURSE, filters)


LEARNER_DAYS = Pages(_of_learners, {"day": Order((_OF_LEARNER.c.day, _OF_LEARNER.c.person))})
COURSE_DAYS = Pages(_of_course, {"day": Order((_OF_COURSE.c.day,))})


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
    page = await COURSE_DAYS.read(connection, {"tenant": tenant, "course": course}, filters, wanted)
    return [CourseDay(*row) for row in page.rows], page.next
