"""What was done in a course by the day, by learner and by all. docs/read-models.md, sections 13 and 14."""

from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection

from lrs.api.listing import Asked, Listing, Told, answer, name
from lrs.api.services import Serving
from lrs.api.signed_in import RecordReader
from projections.course_view_queries import read_course
from projections.day_queries import (
    LEARNER_DAYS,
    CourseDay,
    LearnerDay,
    read_course_days,
    read_learner_days,
)
from schemas.parameters import Misread

router = APIRouter(prefix="/api/courses/{course_id}")


def day(text: str) -> date:
    """A day of the calendar."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.isoformat() != text:
        raise Misread("must be a day such as 2026-03-29")
    return found


_WINDOW = {"since": day, "until": day}
ACTIVITY = Listing("activity", LearnerDay, tuple(LEARNER_DAYS.orders), {"person": name, **_WINDOW}, is_sorted=True)
DAILY = Listing("days", CourseDay, ("day",), _WINDOW, usual=31, most=366)


@router.get("/activity")
async def list_activity(request: Request, who: RecordReader, here: Serving, course_id: UUID) -> Response:
    """A row for each day and learner with anything on it, by day and person."""

    async def read(connection: AsyncConnection, _: int, asked: Asked) -> Told:
        await read_course(connection, who.tenant, course_id)
        return Told(*await read_learner_days(connection, who.tenant, course_id, asked.filters, asked.page))

    return await answer(request, here, who, ACTIVITY, read)


@router.get("/daily")
async def list_days(request: Request, who: RecordReader, here: Serving, course_id: UUID) -> Response:
    """A row for each day on which anybody did anything."""

    async def read(connection: AsyncConnection, _: int, asked: Asked) -> Told:
        await read_course(connection, who.tenant, course_id)
        return Told(*await read_course_days(connection, who.tenant, course_id, asked.filters, asked.page))

    return await answer(request, here, who, DAILY, read)
