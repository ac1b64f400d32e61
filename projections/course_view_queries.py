"""Reads a course's view out of the read models. All that one view shows is read in one snapshot of the database."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
from psycopg import AsyncConnection

from projections.course_view import (
    Course,
    CourseLine,
    CourseUpdate,
    CourseView,
    Learner,
    Node,
    Recent,
    Risk,
    Summary,
    by_urgency,
    depth_first,
    inactive_reason,
    last_part,
    short_identifier,
    short_word,
)
from schemas.errors import NotFound

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("course_view.sql"), "psycopg", mandatory_parameters=False)

Row = tuple[Any, ...]


async def read_courses(connection: AsyncConnection, tenant: int, iri: str | None = None) -> list[CourseLine]:
    """Every course of a tenant by title, or only the one with this IRI."""
    rows = await _all(connection, QUERIES.courses, {"tenant": tenant, "iri": iri})
    return [CourseLine(key, text, title or last_part(text), *counts) for key, text, title, *counts in rows]


async def read_course(connection: AsyncConnection, tenant: int, course: UUID) -> Course:
    """Which course it is; raises NotFound."""
    rows = await _all(connection, QUERIES.course, {"tenant": tenant, "course": course})
    if not rows:
        raise NotFound(f"There is no course {course}.")
    iri, title = rows[0]
    return Course(course, iri, title or last_part(iri))


async def read_view(connection: AsyncConnection, tenant: int, course: UUID) -> CourseView:
    """All of one course, as of one position; raises NotFound. The connection is in autocommit mode."""
    view, _ = await read_first_view(connection, tenant, course)
    return view


async def read_first_view(
    connection: AsyncConnection,
    tenant: int,
    course: UUID,
    *,
    most: int | None = None,
    first: int = 0,
    counts: bool = False,
) -> tuple[CourseView, bool]:
    """What a page is drawn from, and whether that is all of the course; raises NotFound.

    Of a course with more than `most` learners it is the `first` lines of the roster, and no outline unless it `counts`:
    how many completed each node takes a look at every learner's rows.
    """
    async with _one_snapshot(connection):
        found, summary = await read_course(connection, tenant, course), await _summary(connection, tenant, course)
        whole = most is None or summary.enrolled + summary.withdrawn <= most
        persons = None if whole else await _first_persons(connection, tenant, course, first)
        view = CourseView(
            position=await _position(connection),
            course=found,
            summary=summary,
            roster=by_urgency(await _roster(connection, tenant, course, persons))[: None if whole else first],
            outline=await _outline(connection, tenant, course) if whole or counts else [],
            recent=await _recent(connection, tenant, course),
        )
        return view, whole


async def read_update(
    connection: AsyncConnection, tenant: int, course: UUID, persons: Collection[UUID], *, after: int, position: int
) -> CourseUpdate:
    """What the changes of these persons between two positions come to, the outline always included.

    What is read may be newer than `position`, never older.
    """
    async with _one_snapshot(connection):
        roster = by_urgency(await _roster(connection, tenant, course, list(persons)))
        return CourseUpdate(
            after=after,
            position=position,
            summary=await _summary(connection, tenant, course),
            roster=roster,
            removed=sorted(set(persons) - {one.person for one in roster}),
            recent=await _recent(connection, tenant, course),
            outline=await _outline(connection, tenant, course),
        )


@asynccontextmanager
async def _one_snapshot(connection: AsyncConnection) -> AsyncIterator[None]:
    async with connection.transaction():
        await connection.execute(QUERIES.begin_reading.sql)
        yield


async def _all(connection: AsyncConnection, query: Any, values: dict[str, Any]) -> list[Row]:
    return await (await connection.execute(query.sql, values)).fetchall()


async def _position(connection: AsyncConnection) -> int:
    rows = await _all(connection, QUERIES.position, {})
    return int(rows[0][0]) if rows else 0


async def _summary(connection: AsyncConnection, tenant: int, course: UUID) -> Summary:
    rows = await _all(connection, QUERIES.summary, {"tenant": tenant, "course": course})
    enrolled, active, completed, withdrawn, at_risk, progress, grade = rows[0]
    return Summary(enrolled, active, completed, withdrawn, at_risk, _share(progress), _share(grade))


async def _first_persons(connection: AsyncConnection, tenant: int, course: UUID, first: int) -> list[UUID]:
    rows = await _all(connection, QUERIES.first_persons, {"tenant": tenant, "course": course, "first": first})
    return [person for (person,) in rows]


async def _roster(connection: AsyncConnection, tenant: int, course: UUID, persons: list[UUID] | None) -> list[Learner]:
    values = {"tenant": tenant, "course": course, "persons": persons}
    clock = await _all(connection, QUERIES.clock, {"tenant": tenant})
    now = clock[0][0].astimezone(UTC) if clock else None
    return [_learner(row, now) for row in await _all(connection, QUERIES.roster, values)]


def _learner(row: Row, now: datetime | None) -> Learner:
    person, name, ifi, status, progress, completed, required, so_far, at_least, passed, enrolled, last = row[:12]
    level, rule, since, threshold, evidence = row[12:]
    last_activity = _utc(last)
    risk = None
    if level is not None and last_activity is not None:
        reason = inactive_reason(last_activity, now or since, threshold)
        risk = Risk(level, rule, since.astimezone(UTC), reason, evidence)
    return Learner(
        person=person,
        name=name or short_identifier(ifi),
        ifi=ifi,
        status=status,
        progress=round(progress, 6),
        completed_nodes=completed,
        required_nodes=required,
        grade_so_far=_share(so_far),
        grade_if_nothing_more=_share(at_least),
        passed=passed,
        enrolled_at=enrolled.astimezone(UTC),
        last_activity_at=last_activity,
        risk=risk,
    )


async def _outline(connection: AsyncConnection, tenant: int, course: UUID) -> list[Node]:
    rows = await _all(connection, QUERIES.outline, {"tenant": tenant, "course": course})
    return depth_first(
        (Node(node, iri, title or last_part(iri), *rest), first_at, position)
        for node, iri, title, *rest, first_at, position in rows
    )


async def _recent(connection: AsyncConnection, tenant: int, course: UUID) -> list[Recent]:
    rows = await _all(connection, QUERIES.recent, {"tenant": tenant, "course": course})
    return [
        Recent(
            statement_id=statement,
            at=at.astimezone(UTC),
            person=person,
            name=None if ifi is None else name or short_identifier(ifi),
            verb=short_word(verb),
            title=title or last_part(activity or ""),
            score=_share(score),
            success=success,
        )
        for statement, at, person, name, ifi, verb, title, activity, score, success in rows
    ]


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
